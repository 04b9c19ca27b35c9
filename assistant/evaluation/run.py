"""Ask every question of a set and score what comes back."""

from __future__ import annotations

import statistics
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ..answer import Answer
from ..answering import Assistant
from ..grounding import is_verbatim
from ..language import simplified
from ..types import LANGUAGES, Language
from .questions import SetQuestion


@dataclass(frozen=True, slots=True)
class Outcome:
    """A question with its answer and the marks that it got.

    right: answered, and the gold answer stands in the text (always False when unanswerable).
    cited: the gold evidence is among the quotes. quotes, valid: how many, and how many of them
    are slices of their source.
    """

    question: SetQuestion
    answer: Answer
    right: bool
    cited: bool
    quotes: int
    valid: int


@dataclass(frozen=True, slots=True)
class Summary:
    """The marks of one language; counts unless the name says otherwise.

    refused_rightly and refused_wrongly count every outcome but "answered".
    """

    language: Language
    answerable: int
    right: int
    cited: int
    answered: int
    partial: int
    refused: int
    unanswerable: int
    refused_rightly: int
    near_misses: int
    near_misses_refused: int
    quotes: int
    quotes_valid: int
    median_ms: float

    @property
    def refused_wrongly(self) -> int:
        """Answerable questions that were not answered."""
        return self.answerable - self.answered


def run_set(
    assistant: Assistant,
    questions: Sequence[SetQuestion],
    *,
    progress: Callable[[Iterable[SetQuestion]], Iterable[SetQuestion]] = iter,
) -> list[Outcome]:
    """Ask the questions one by one, each without history."""
    return [_outcome(assistant, question) for question in progress(questions)]


def summarise(outcomes: Sequence[Outcome]) -> list[Summary]:
    """The marks of each language that the set holds."""
    return [
        _summary(language, mine)
        for language in LANGUAGES
        if (mine := [o for o in outcomes if o.question.language == language])
    ]


def _outcome(assistant: Assistant, question: SetQuestion) -> Outcome:
    answer = assistant.ask(question.question)
    quotes = [quote for citation in answer.citations for quote in citation.quotes]
    words = [(quote.source_id, quote.text) for quote in quotes]
    found = [(gold.source, gold.text) in words for gold in question.evidence]
    sources = assistant.index.sources
    return Outcome(
        question=question,
        answer=answer,
        right=answer.status == "answered" and is_right(answer.text, question),
        cited=bool(found) and (any(found) if question.evidence_any else all(found)),
        quotes=len(quotes),
        valid=sum(is_verbatim(quote, sources[quote.source_id]) for quote in quotes),
    )


def is_right(text: str, question: SetQuestion) -> bool:
    """Whether the text holds a gold answer, or all of those that are needed."""
    plain = _plain(text)
    if question.answers_all:
        return all(_plain(gold) in plain for gold in question.answers_all)
    return any(_plain(gold) in plain for gold in question.answers)


def _plain(text: str) -> str:
    text = simplified(unicodedata.normalize("NFKC", text)).lower().replace("’", "'")
    return "".join(text.split())


def _summary(language: Language, outcomes: Sequence[Outcome]) -> Summary:
    good = [o for o in outcomes if o.question.answerable]
    bad = [o for o in outcomes if not o.question.answerable]
    near = [o for o in bad if o.question.near_miss]
    return Summary(
        language=language,
        answerable=len(good),
        right=sum(o.right for o in good),
        cited=sum(o.cited for o in good),
        answered=sum(o.answer.status == "answered" for o in good),
        partial=sum(o.answer.status == "partial" for o in good),
        refused=sum(o.answer.status == "refused" for o in good),
        unanswerable=len(bad),
        refused_rightly=sum(o.answer.status != "answered" for o in bad),
        near_misses=len(near),
        near_misses_refused=sum(o.answer.status != "answered" for o in near),
        quotes=sum(o.quotes for o in outcomes),
        quotes_valid=sum(o.valid for o in outcomes),
        median_ms=1000 * statistics.median(o.answer.timings.total_s for o in outcomes),
    )
