"""From chosen sentences to statements, citations and the words around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from .grounding import cut_quote, support
from .index import Index
from .messages import enumerate_names, say
from .questions import Question
from .quoting import Choice
from .reading import PassageReading, reading_of
from .sufficiency import Evidence
from .types import Citation, Language, Lead, Passage, Statement, Status

# How many passages a partial answer shows as the closest.
CLOSEST = 3
# A lead is for questions that a few words answer, and only where the reader's best span beats
# "no answer" by this many logits.
LEAD_KINDS = ("who", "when", "where", "number", "what")
LEAD_MARGIN = 0.0
LEAD_CHARS: dict[Language, int] = {"en": 80, "zh": 30}


class Composed(TypedDict):
    """The parts of an answer that composing settles."""

    text: str
    reason: str
    lead: Lead | None
    statements: tuple[Statement, ...]
    citations: tuple[Citation, ...]


def compose(
    index: Index,
    question: Question,
    language: Language,
    status: Status,
    evidence: Evidence,
    chosen: Sequence[Choice],
    ranked: Sequence[Choice],
    readings: Sequence[PassageReading],
) -> Composed:
    """What is said for each outcome, in the asked language, with its citations."""
    if status == "refused":
        shown: Sequence[Choice] = ()
    else:
        shown = chosen if status == "answered" else _closest(ranked)
    citations = _citations(index, shown, language)
    statements = _statements(shown, citations, language)
    reason = "" if status == "answered" else _reason(question, evidence, status, language)
    lead = None
    if status == "answered":
        lead = _lead(question, language, chosen, citations, readings)
        text = _text(lead, statements, language)
    elif status == "refused":
        titles = say("and", language).join(s.title(language) for s in index.sources.values())
        text = say("stop", language).join([reason, say("refused", language, documents=titles)])
    else:
        intro = say("stop", language).join([reason, say("partial", language)])
        text = "\n".join([intro, "", *(f"- {_marked(statement)}" for statement in statements)])
    return Composed(text=text, reason=reason, lead=lead, statements=statements, citations=citations)


def _closest(ranked: Sequence[Choice]) -> list[Choice]:
    best: dict[str, Choice] = {}
    for choice in ranked:
        best.setdefault(choice.passage.id, choice)
    return list(best.values())[:CLOSEST]


def _citations(index: Index, chosen: Sequence[Choice], language: Language) -> tuple[Citation, ...]:
    by_passage: dict[str, list[Choice]] = {}
    for choice in chosen:
        by_passage.setdefault(choice.passage.id, []).append(choice)
    citations = []
    for number, choices in enumerate(by_passage.values(), start=1):
        passage = choices[0].passage
        source = index.sources[passage.source_id]
        quotes = tuple(cut_quote(source, passage.sentences[c.number]) for c in choices)
        shown = [passage.sentence_in(c.number, language) for c in choices]
        grades = [support(s or q.text, q) for s, q in zip(shown, quotes, strict=True)]
        citations.append(
            Citation(
                number=number,
                source=source,
                passage=passage,
                quotes=quotes,
                support="supported" if set(grades) == {"supported"} else "partly",
                translations=_translations(passage, choices),
            )
        )
    return tuple(citations)


def _translations(passage: Passage, choices: Sequence[Choice]) -> tuple[str, ...]:
    if passage.translation is None:
        return ()
    return tuple(passage.translation.sentence(c.number) for c in choices)


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


def _lead(
    question: Question,
    language: Language,
    chosen: Sequence[Choice],
    citations: Sequence[Citation],
    readings: Sequence[PassageReading],
) -> Lead | None:
    """The words that answer, where the reader is sure of them and the question asks for few."""
    best = max(chosen, key=lambda c: c.score)
    read = reading_of(best, readings)
    if read is None or read.language != language or question.kind not in LEAD_KINDS:
        return None
    words, start, end = read.found
    held = {(c.passage.id, c.number) for c in chosen}
    sentence = best.passage.sentence_in(read.sentence, language) or ""
    sure = read.reading.margin >= LEAD_MARGIN and (best.passage.id, read.sentence) in held
    short = 0 < len(words) <= LEAD_CHARS[language] and len(words) * 2 <= len(sentence)
    if not (sure and short and words in sentence):
        return None
    number = next(c.number for c in citations if c.passage.id == best.passage.id)
    return Lead(words, best.passage.source_id, start, end, number, read.translated)


def _text(lead: Lead | None, statements: Sequence[Statement], language: Language) -> str:
    text = say("stop", language).join(_marked(statement) for statement in statements)
    if lead:
        text = f"{lead.text} [{lead.citation}]\n\n{text}"
    if any(statement.language != language for statement in statements):
        text = f"{text}\n\n({say('untranslated', language)})"
    return text


def _marked(statement: Statement) -> str:
    return f"{statement.text} " + "".join(f"[{n}]" for n in statement.citations)


def _reason(question: Question, evidence: Evidence, status: Status, language: Language) -> str:
    if evidence.unknown:
        return say("unknown", language, names=enumerate_names(evidence.unknown, language))
    if status == "refused":
        return say("far", language)
    if evidence.absent:
        return say("absent", language, names=enumerate_names(evidence.absent, language))
    if not evidence.meets and question.kind in ("when", "number", "who", "where"):
        return say(question.kind, language)
    if evidence.unsaid:
        return say("unsaid", language, names=enumerate_names(evidence.unsaid, language))
    return say("doubtful", language)
