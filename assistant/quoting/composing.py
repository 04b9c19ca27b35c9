"""From chosen sentences to statements, citations and the words around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from ..messages import MessageKey, enumerate_names, marked, say
from ..retrieval.index import Index
from ..types import Citation, Language, Lead, Passage, Source, Statement, Status
from .grounding import cut_quote, support
from .searching import Found
from .sentence_choice import Choice
from .windows import reading_of

# How many of the searched documents a refusal names: a sentence, not a catalogue.
TITLES = 8
# How many passages a partial answer shows as the closest: as many as the reader reads.
CLOSEST = 3
# A lead is for questions that a few words answer, in about as many as fit one line, and only where
# the reader's best span beats "no answer".
LEAD_KINDS = ("who", "when", "where", "number", "what")
LEAD_MARGIN = 0.0
LEAD_CHARS: dict[Language, int] = {"en": 80, "zh": 30}


class Composed(TypedDict):
    """The parts of an answer that composing settles."""

    status: Status
    text: str
    reason: str
    lead: Lead | None
    statements: tuple[Statement, ...]
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Worded:
    """An answer's words, who found them, and what there is to tell about that.

    notice, unknown, prompt: as in `Answer`.
    """

    parts: Composed
    composer: str = "quotes"
    prompt: str = ""
    notice: str = ""
    unknown: tuple[int, ...] = ()
    verify_s: float = 0.0


def compose(
    index: Index,
    found: Found,
    languages: Sequence[Language],
    *,
    status: Status | None = None,
    reason: MessageKey | None = None,
) -> Composed:
    """What is said for each outcome in each of the languages, one after the other, with citations.

    `status` and `reason` take the place of what the evidence says.
    """
    status = status or found.status
    if status == "refused":
        shown: Sequence[Choice] = ()
    else:
        shown = found.chosen if status == "answered" else _closest(found.choices)
    citations = _citations(index, shown, languages)
    texts, reasons, leads = [], [], []
    statements: list[Statement] = []
    for language in languages:
        mine = _statements(shown, citations, language)
        why = "" if status == "answered" else reason_of(found, language, status, reason)
        lead = _lead(found, language, citations) if status == "answered" else None
        texts.append(_whole(found, status, language, lead, mine, why))
        reasons.append(why)
        statements += mine
        leads.append(lead)
    return Composed(
        status=status,
        text="\n\n".join(texts),
        reason="\n".join(filter(None, reasons)),
        lead=leads[0],
        statements=tuple(statements),
        citations=citations,
    )


def _whole(
    found: Found,
    status: Status,
    language: Language,
    lead: Lead | None,
    statements: Sequence[Statement],
    reason: str,
) -> str:
    if status == "answered":
        return _text(lead, statements, language)
    if status == "refused":
        documents = _titles(found.searched, language)
        return say("stop", language).join([reason, say("refused", language, documents=documents)])
    intro = say("stop", language).join([reason, say("partial", language)])
    return "\n".join([intro, "", *(f"- {marked(statement)}" for statement in statements)])


def _titles(sources: Sequence[Source], language: Language) -> str:
    titles = say("and", language).join(source.title(language) for source in sources[:TITLES])
    if len(sources) > TITLES:
        titles = say("more", language, documents=titles, count=str(len(sources) - TITLES))
    # A title's own "[1]" would read as a citation.
    return titles.translate(str.maketrans("[]", "()"))


def _closest(ranked: Sequence[Choice]) -> list[Choice]:
    best: dict[str, Choice] = {}
    for choice in ranked:
        best.setdefault(choice.passage.id, choice)
    return list(best.values())[:CLOSEST]


def _citations(
    index: Index, chosen: Sequence[Choice], languages: Sequence[Language]
) -> tuple[Citation, ...]:
    by_passage: dict[str, list[Choice]] = {}
    for choice in chosen:
        by_passage.setdefault(choice.passage.id, []).append(choice)
    citations = []
    for number, choices in enumerate(by_passage.values(), start=1):
        passage = choices[0].passage
        source = index.sources[passage.source_id]
        quotes = tuple(cut_quote(source, passage.sentences[c.number]) for c in choices)
        grades = [
            support(passage.sentence_in(c.number, language) or quote.text, quote)
            for language in languages
            for c, quote in zip(choices, quotes, strict=True)
        ]
        citations.append(
            Citation(
                number=number,
                source=source,
                passage=passage,
                quotes=quotes,
                support="supported" if set(grades) == {"supported"} else "partly",
                translations=translations(passage, [c.number for c in choices]),
            )
        )
    return tuple(citations)


def translations(passage: Passage, sentences: Sequence[int]) -> tuple[str, ...]:
    """The aligned translations of a passage's sentences; none where it has no translation."""
    if passage.translation is None:
        return ()
    return tuple(passage.translation.sentence(number) for number in sentences)


def _statements(
    chosen: Sequence[Choice], citations: Sequence[Citation], language: Language
) -> tuple[Statement, ...]:
    numbers = {citation.passage.id: citation.number for citation in citations}
    statements = []
    for choice in chosen:
        passage = choice.passage
        shown = passage.sentence_in(choice.number, language)
        statements.append(
            Statement(
                text=shown or passage.sentence(choice.number),
                language=language if shown else passage.language,
                citations=(numbers[passage.id],),
                translated=shown is not None and passage.language != language,
            )
        )
    return tuple(statements)


def _lead(found: Found, language: Language, citations: Sequence[Citation]) -> Lead | None:
    """The words that answer, where the reader is sure of them and the question asks for few."""
    best = max(found.chosen, key=lambda c: c.score)
    read = reading_of(best, found.readings)
    if read is None or read.language != language or found.question.kind not in LEAD_KINDS:
        return None
    words, start, end = read.found
    held = {(c.passage.id, c.number) for c in found.chosen}
    sentence = best.passage.sentence_in(read.sentence, language) or ""
    sure = read.reading.margin >= LEAD_MARGIN and (best.passage.id, read.sentence) in held
    short = 0 < len(words) <= LEAD_CHARS[language] and len(words) * 2 <= len(sentence)
    if not (sure and short and words in sentence):
        return None
    number = next(c.number for c in citations if c.passage.id == best.passage.id)
    return Lead(words, best.passage.source_id, start, end, number, read.translated)


def _text(lead: Lead | None, statements: Sequence[Statement], language: Language) -> str:
    text = say("stop", language).join(marked(statement) for statement in statements)
    if lead:
        text = f"{lead.text} [{lead.citation}]\n\n{text}"
    if any(statement.language != language for statement in statements):
        text = f"{text}\n\n({say('untranslated', language)})"
    return text


def reason_of(
    found: Found, language: Language, status: Status, key: MessageKey | None = None
) -> str:
    """Why a question is not simply answered, as a sentence; `key` names it outright."""
    evidence = found.evidence
    if key:
        return say(key, language)
    if evidence.unknown:
        return say("unknown", language, names=enumerate_names(evidence.unknown, language))
    if status == "refused":
        return say("far", language)
    if evidence.absent:
        return say("absent", language, names=enumerate_names(evidence.absent, language))
    kind = found.question.kind
    if not evidence.meets and kind in ("when", "number"):
        return say(kind, language)
    if evidence.unsaid:
        return say("unsaid", language, names=enumerate_names(evidence.unsaid, language))
    return say("doubtful", language)
