"""From a draft to statements: every claim checked against what it cites, graded, renumbered."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..messages import marked, say
from ..planning.questions import Question
from ..quoting.composing import translations
from ..quoting.grounding import cut_quote
from ..retrieval.glossary import Glossary
from ..retrieval.language import is_foreign, passage_language, terms
from ..types import Citation, Issue, Language, Passage, Source, Statement, Support
from .claim_judge import Verdict
from .drafts import Claim, Draft, lines_of
from .verification import Check, check_claim

# "Yes, Acme did": the sentence that follows is the claim.
_YES = re.compile(
    r"^(?:yes|yeah|indeed|correct|是的?|对的?|没错|的确)[,，:：.。]\s*", re.IGNORECASE
)
_WORST_FIRST: tuple[Support, ...] = ("unsupported", "partly", "supported")


@dataclass(frozen=True, slots=True)
class Checked:
    """A claim with the passages that it cites and how well they carry it.

    line: its place among the draft's lines; bullet: whether that line is an item of a list.
    """

    claim: str
    language: Language
    passages: tuple[Passage, ...]
    check: Check
    line: int
    bullet: bool


def check_draft(
    draft: Draft,
    question: Question,
    language: Language,
    passages: Sequence[Passage],
    sources: Mapping[str, Source],
    glossary: Glossary,
) -> list[Checked]:
    """Every claim of a draft with its grade.

    Claims in another language are left out, and so is what claims nothing: questions, what was
    said before, the question's own words said again. `passages` are those that the model was
    shown, in the order of their numbers. A claim without a marker gets the citation of a passage
    that carries the whole of it, if one does.
    """
    checked = []
    titles = [sources[passage.source_id].title(language) for passage in passages]
    said: set[str] = set()
    for number, line in enumerate(lines_of(draft)):
        around = tuple(use.passage for claim in line.claims for use in claim.uses)
        for claim in line.claims:
            again = claim.text in said
            said.add(claim.text)
            empty = again or _claims_nothing(claim.text, question, titles, language)
            if not empty and _is_in(claim.text, language):
                cited, check = _check(claim, around, passages, sources, glossary)
                checked.append(Checked(claim.text, language, cited, check, number, line.bullet))
    return checked


def _is_in(text: str, language: Language) -> bool:
    if not any(c.isalpha() for c in text):
        return True
    return passage_language(text) == language and not is_foreign(text)


def _claims_nothing(
    text: str, question: Question, titles: Sequence[str], language: Language
) -> bool:
    """Whether a sentence is a question itself, or only repeats the words of the one asked.

    "Yes, Acme did sign" repeats them and answers: questions for yes or no are let through.
    """
    if text.rstrip('"”’」』）)').endswith(("?", "？")):
        return True
    known = {t for known in (question.text, *titles) for t in terms(known, language)}
    return question.kind != "yes-no" and set(terms(text, language)) <= known


def _check(
    claim: Claim,
    around: Sequence[int],
    passages: Sequence[Passage],
    sources: Mapping[str, Source],
    glossary: Glossary,
) -> tuple[tuple[Passage, ...], Check]:
    text = _YES.sub("", claim.text)
    numbers = tuple(dict.fromkeys(use.passage for use in claim.uses))
    if not numbers:
        # Its line's citations come first: "A. B [1]." usually means both.
        order = dict.fromkeys([*around, *range(1, len(passages) + 1)])
        for number in order:
            passage = passages[number - 1]
            check = check_claim(text, [passage], sources, glossary)
            if check.support == "supported":
                return (passage,), check
        return (), check_claim(text, [], sources, glossary)
    cited = tuple(passages[number - 1] for number in numbers)
    named = [
        (passage.id, use.sentence - 1)
        for use in claim.uses
        if use.sentence and use.sentence <= len((passage := passages[use.passage - 1]).sentences)
    ]
    return cited, check_claim(text, cited, sources, glossary, named=named)


def judged(checked: Sequence[Checked], verdicts: Sequence[Verdict | None]) -> list[Checked]:
    """The claims with what a second reading says of each (None: nothing).

    It lowers any grade; it raises one only where nothing but words was missed.
    """
    return [_judged(claim, verdict) for claim, verdict in zip(checked, verdicts, strict=True)]


def _judged(claim: Checked, verdict: Verdict | None) -> Checked:
    check = claim.check
    if verdict is None or verdict == check.support:
        return claim
    mere_words = all(issue.kind in ("words", "place") for issue in check.issues)
    if _WORST_FIRST.index(verdict) < _WORST_FIRST.index(check.support):
        issues = (*check.issues, Issue("judge"))
        return replace(claim, check=replace(check, support=verdict, issues=issues))
    if check.support == "partly" and mere_words:
        return replace(claim, check=replace(check, support="supported", issues=()))
    return claim


def cited_text(checked: Checked) -> str:
    """What a claim cites, in its own language where a translation is at hand."""
    parts = []
    for passage in checked.passages:
        for number in range(len(passage.sentences)):
            parts.append(passage.sentence_in(number, checked.language) or passage.sentence(number))
    return " ".join(parts)


def statements_and_citations(
    checked: Sequence[Checked], sources: Mapping[str, Source]
) -> tuple[tuple[Statement, ...], tuple[Citation, ...]]:
    """The claims as statements, their citations numbered in order of first use.

    A citation quotes the sentences that carry what cites it, cut from the source, and has the
    worst of the grades of what cites it.
    """
    numbers: dict[str, int] = {}
    for claim in checked:
        for passage in claim.passages:
            numbers.setdefault(passage.id, len(numbers) + 1)
    statements = tuple(
        Statement(
            text=claim.claim,
            language=claim.language,
            citations=tuple(numbers[passage.id] for passage in claim.passages),
            translated=False,
            support=claim.check.support,
            issues=claim.check.issues,
        )
        for claim in checked
    )
    passages = {passage.id: passage for claim in checked for passage in claim.passages}
    citations = tuple(
        _citation(number, passages[id_], checked, sources) for id_, number in numbers.items()
    )
    return statements, citations


def _citation(
    number: int, passage: Passage, checked: Sequence[Checked], sources: Mapping[str, Source]
) -> Citation:
    mine = [claim for claim in checked if passage in claim.passages]
    carriers = {i for claim in mine for id_, i in claim.check.carriers if id_ == passage.id}
    sentences = sorted(carriers) or [0]
    source = sources[passage.source_id]
    return Citation(
        number=number,
        source=source,
        passage=passage,
        quotes=tuple(cut_quote(source, passage.sentences[i]) for i in sentences),
        support=min((claim.check.support for claim in mine), key=_WORST_FIRST.index),
        translations=translations(passage, sentences),
    )


def layout(checked: Sequence[Checked], statements: Sequence[Statement], language: Language) -> str:
    """The statements of one language as text: lines and lists as the model set them."""
    lines: dict[int, list[str]] = {}
    bullets = {}
    for claim, statement in zip(checked, statements, strict=True):
        lines.setdefault(claim.line, []).append(marked(statement))
        bullets[claim.line] = claim.bullet
    text = ""
    before = False
    for line, said in lines.items():
        bullet = bullets[line]
        if text:
            text += "\n" if bullet and before else "\n\n"
        text += ("- " if bullet else "") + say("stop", language).join(said)
        before = bullet
    return text
