"""Of several stand-alone forms of a follow-up the one that the sources answer best."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..planning.follow_ups import ORDINAL
from ..planning.naming import card, plain, stands_in
from ..planning.plan import Plan
from ..planning.questions import Question, understand
from ..retrieval.index import Index
from ..retrieval.language import HAN
from ..types import LANGUAGES, Language
from .answer_types import meets_kind
from .coverage import content_words, uncovered
from .decision import Decision
from .searching import Found, Search, judge
from .sentence_choice import Choice, choose

# What a sentence gains that speaks of all that is new in a follow-up, and again of all that the
# conversation asks; what one of a source gains that the last answer cited; what one loses that is
# no answer to the stand-alone form, and one without the year or the number that is asked about.
SPOKEN, RECENT, UNMET, MUST = 0.5, 0.1, 0.2, 2.0
# What is asked for, as in "how long" and 哪个城市: no answer need hold it.
_ASKED_FOR = re.compile(
    rf"\bhow [a-z]+|\b(?:which|what) [a-z]+|\b(?:ones?|meant?)\b|哪[一个家座些]*[{HAN}]{{0,2}}",
    re.IGNORECASE,
)


def best_form(index: Index, decision: Decision, plan: Plan, forms: Sequence[Search]) -> Found:
    """The form with the sentence that speaks most of what is new and of what was asked before.

    "And rent?" after a question about wages is not answered by the wages again. The first of
    `forms` is the follow-up made to stand alone, the last one the same words as they were typed.
    """
    wanted = _Wanted.of(index, plan, forms[0].question, forms[-1].question)
    scores = {(f.question.text, c.passage.id, c.number): c.score for f in forms for c in f.choices}
    found = [judge(index, decision, form) for form in forms]
    found += [judge(index, decision, _preferring(form, wanted)) for form in forms]

    def worth(form: Found) -> tuple[bool, float]:
        """Only the stand-alone form may be answered in other words than its own."""
        mine = form.question.text
        answers = form is found[0] or wanted.held(form.chosen, wanted.new) == 1
        values = (scores[mine, c.passage.id, c.number] + wanted.worth(c) for c in form.chosen)
        return form.status == "answered" and answers, max(values, default=0.0)

    return max(found, key=worth)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What an answer to a follow-up speaks of.

    whole: the follow-up made to stand alone; new: its own words; known: those of the
    conversation; names: those of the new ones that are names.
    """

    index: Index
    recent: tuple[str, ...]
    whole: Question
    new: tuple[str, ...]
    known: tuple[str, ...]
    names: tuple[str, ...]

    @classmethod
    def of(cls, index: Index, plan: Plan, whole: Question, typed: Question) -> _Wanted:
        before = _words(understand(plan.before, plan.before, index.glossary))
        known = (*_words(whole), *(word for word in before if not _is_figure(word)))
        new = tuple(word for word in _words(typed) if word in _ASKED_FOR.sub("", typed.text))
        return cls(index, plan.recent, whole, new, tuple(dict.fromkeys(known)), typed.names)

    def worth(self, choice: Choice) -> float:
        """What a sentence gains by what it speaks of."""
        texts = _texts(choice)
        worth = SPOKEN * (self.held([choice], self.new) + self.held([choice], self.known))
        worth -= UNMET * (meets_kind(self.whole, texts) is False)
        worth -= MUST * (self.held([choice], [w for w in self.new if _is_figure(w)]) < 1)
        return worth + RECENT * (choice.passage.source_id in self.recent)

    def held(self, choices: Sequence[Choice], words: Sequence[str]) -> float:
        """The share of the words that stand in the sentences, in either language."""
        if not words:
            return 1.0
        texts = [text for choice in choices for text in _texts(choice).values()]
        # A name may stand in the record of the document.
        cards = [card(self.index.sources[choice.passage.source_id]) for choice in choices]
        text, around = plain("\n".join(texts)), "\n".join(cards)
        glossary = self.index.glossary
        missing = [w for w in uncovered(words, [text], glossary) if not _is_figure(w)]
        missing = [
            w for w in missing if w not in self.names or not stands_in(glossary, w, [around])
        ]
        missing += [w for w in words if _is_figure(w) and not stands_in(glossary, w, [text])]
        return 1 - len(missing) / len(words)


def _is_figure(word: str) -> bool:
    """A number, a year or an ordinal: no other one will do."""
    return word[0].isdigit() or ORDINAL.fullmatch(word) is not None


def _words(question: Question) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*question.names, *content_words(question))))


def _preferring(search: Search, wanted: _Wanted) -> Search:
    """The search with the sentences ahead that speak of what is wanted."""
    choices = [replace(c, score=c.score + wanted.worth(c)) for c in search.choices]
    choices.sort(key=lambda c: -c.score)
    # Items of a list are those that are asked about.
    most = wanted.held(choices[:1], wanted.new)
    counted = [c for c in choices if wanted.held([c], wanted.new) >= most]
    is_list = search.question.kind == "list"
    chosen = choose(counted if is_list else choices, search.question)
    return replace(search, choices=tuple(choices), chosen=tuple(chosen))


def _texts(choice: Choice) -> dict[Language, str]:
    found = {each: choice.passage.sentence_in(choice.number, each) for each in LANGUAGES}
    return {each: text.strip() for each, text in found.items() if text}
