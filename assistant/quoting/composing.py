"""From weighed evidence to the text of an answer: statements, citations, the words around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypedDict

from ..messages import MessageKey, enumerate_names, enumerate_titles, marked, say
from ..retrieval.index import Index
from ..types import Citation, Language, Lead, Passage, Source, Statement, Status
from .grounding import cut_quote, support
from .lines import Line, Ref, refs_of
from .searching import Found
from .weighing import Weighed, closest
from .windows import reading_of

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
    weighed: Weighed,
    *,
    status: Status | None = None,
    reason: MessageKey | None = None,
) -> Composed:
    """What is said for each outcome in each of the plan's languages, one after the other.

    `status` and `reason` take the place of what the evidence says.
    """
    lines = weighed.lines
    if status == "partial" != weighed.status and weighed.main is not None:
        lines = closest(weighed.main)
    status = status or weighed.status
    languages = weighed.plan.replies
    citations = _citations(index, lines, languages)
    texts, reasons, leads = [], [], []
    statements: list[Statement] = []
    for language in languages:
        mine = [_statements(line, citations, language) for line in lines]
        why = "" if status == "answered" else reason_of(weighed, language, status, reason)
        lead = _lead(weighed, language, citations) if status == "answered" else None
        texts.append(_whole(weighed, status, language, lead, lines, mine, why))
        reasons.append(why)
        statements += [statement for line in mine for statement in line]
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
    weighed: Weighed,
    status: Status,
    language: Language,
    lead: Lead | None,
    lines: Sequence[Line],
    statements: Sequence[Sequence[Statement]],
    reason: str,
) -> str:
    notes = [_taken(weighed, language)]
    if status == "refused":
        documents = enumerate_titles(weighed.searched, language)
        refusal = say("refused", language, documents=documents)
        return "\n\n".join(filter(None, [*notes, say("stop", language).join([reason, refusal])]))
    if status == "partial":
        # Words alone do not tell that it is not said.
        key: MessageKey = "partial" if _is_missing(weighed) else "written"
        notes.append(say("stop", language).join([reason, say(key, language)]))
    if lead:
        notes.append(f"{lead.text} [{lead.citation}]")
    after = []
    if weighed.silent:
        after.append(say("silent", language, documents=enumerate_titles(weighed.silent, language)))
    if any(said.language != language for line in statements for said in line):
        after.append(f"({say('untranslated', language)})")
    text = lay_out(lines, statements, language)
    return "\n\n".join(filter(None, [*notes, text, *after]))


def _is_missing(weighed: Weighed) -> bool:
    """Whether something that was asked for is plainly not there: a name, a date, a figure."""
    if weighed.main is None:
        return True
    evidence, kind = weighed.main.evidence, weighed.main.question.kind
    untold = not evidence.meets and kind in ("when", "number")
    return bool(evidence.unknown or evidence.absent or untold)


def _taken(weighed: Weighed, language: Language) -> str:
    """Which words of the question were taken for others, in one sentence; "" for none."""
    pairs = [{"typed": each.typed, "taken": each.taken} for each in weighed.plan.spellings]
    if not pairs:
        return ""
    others = "".join(say("taken_too", language, **pair) for pair in pairs[1:])
    return say("taken", language, first=say("taken_as", language, **pairs[0]), others=others)


def lay_out(
    lines: Sequence[Line], statements: Sequence[Sequence[Statement]], language: Language
) -> str:
    """The lines as text: items of a list one below the other, the others run on.

    What stands before several items in a row stands once, on a line of its own.
    """
    items: list[tuple[str, bool]] = []
    pairs = zip(lines, statements, strict=True)
    for (bullet, label), block in groupby(
        pairs, key=lambda pair: (pair[0].bullet, pair[0].label.get(language, ""))
    ):
        texts = [say("stop", language).join(marked(said) for said in mine) for _, mine in block]
        if label and len(texts) == 1:
            texts = [say("labelled", language, label=label, text=texts[0])]
        elif label:
            items.append((say("labelled", language, label=label, text="").rstrip(), False))
        if bullet:
            items += [(f"- {text}", True) for text in texts]
        else:
            items.append((say("stop", language).join(texts), False))
    text, before = "", False
    for item, bullet in items:
        text += ("\n" if bullet and before else "\n\n" if text else "") + item
        before = bullet
    return text


def _citations(
    index: Index, lines: Sequence[Line], languages: Sequence[Language]
) -> tuple[Citation, ...]:
    quoted: dict[str, list[Ref]] = {}
    cards: dict[str, Source] = {}
    for line in lines:
        if line.card:
            # Of a record nothing can be quoted: it is cited as the source's own.
            front = index.passages(index.front_passages([line.card]))[0]
            quoted.setdefault(front.id, [])
            cards[front.id] = index.sources[line.card]
        for ref in line.refs:
            mine = quoted.setdefault(ref[0].id, [])
            if ref not in mine:
                mine.append(ref)
    passages = {passage.id: passage for passage, _ in refs_of(lines)}
    for id_, source in cards.items():
        passages.setdefault(id_, index.passages(index.front_passages([source.id]))[0])
    return tuple(
        _citation(index, number, passages[id_], sorted(n for _, n in refs), languages)
        for number, (id_, refs) in enumerate(quoted.items(), start=1)
    )


def _citation(
    index: Index,
    number: int,
    passage: Passage,
    sentences: Sequence[int],
    languages: Sequence[Language],
) -> Citation:
    source = index.sources[passage.source_id]
    quotes = tuple(cut_quote(source, passage.sentences[n]) for n in sentences)
    grades = [
        support(passage.sentence_in(n, language) or quote.text, quote)
        for language in languages
        for n, quote in zip(sentences, quotes, strict=True)
    ]
    return Citation(
        number=number,
        source=source,
        passage=passage,
        quotes=quotes,
        support="supported" if set(grades) <= {"supported"} else "partly",
        translations=translations(passage, sentences),
    )


def translations(passage: Passage, sentences: Sequence[int]) -> tuple[str, ...]:
    """The aligned translations of a passage's sentences; none where it has no translation."""
    if passage.translation is None:
        return ()
    return tuple(passage.translation.sentence(number) for number in sentences)


def _statements(
    line: Line, citations: Sequence[Citation], language: Language
) -> tuple[Statement, ...]:
    numbers = {citation.passage.id: citation.number for citation in citations}
    if line.said:
        cited = [numbers[passage.id] for passage, _ in line.refs]
        if line.card:
            # The record's citation is the first of its source: its line comes first.
            cited += [c.number for c in citations if c.source.id == line.card][:1]
        text = line.said[language]
        return (Statement(text, language, tuple(dict.fromkeys(cited)), translated=False),)
    statements = []
    for passage, number in line.refs:
        shown = passage.sentence_in(number, language)
        statements.append(
            Statement(
                text=shown or passage.sentence(number),
                language=language if shown else passage.language,
                citations=(numbers[passage.id],),
                translated=shown is not None and passage.language != language,
            )
        )
    return tuple(statements)


def _lead(weighed: Weighed, language: Language, citations: Sequence[Citation]) -> Lead | None:
    """The words that answer, where the reader is sure of them and the question asks for few."""
    found = weighed.main
    if found is None or weighed.plan.kind != "lookup" or not found.chosen:
        return None
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
    numbers = [c.number for c in citations if c.passage.id == best.passage.id]
    # A record of the source is told without any of its sentences.
    if not numbers:
        return None
    return Lead(words, best.passage.source_id, start, end, numbers[0], read.translated)


def reason_of(
    weighed: Weighed, language: Language, status: Status, key: MessageKey | None = None
) -> str:
    """Why a question is not simply answered, as a sentence; `key` names it outright."""
    if key is None and weighed.plan.kind == "across" and weighed.plan.topic:
        return say("unknown", language, names=enumerate_names((weighed.plan.topic,), language))
    if key or weighed.main is None:
        return say(key or "far", language)
    return _reason(weighed.main, language, status)


def _reason(found: Found, language: Language, status: Status) -> str:
    evidence = found.evidence
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
