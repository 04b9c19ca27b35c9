"""Whole conversations as files: Markdown to read and cite, JSON to work with."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from ..types import Language
from .labels import ANSWER, translated_by
from .markdown import block_quote, escape_line, escape_text
from .records import CitationRecord, Conversation, Exchange
from .references import Style, entry, reference

_REFERENCES: Mapping[Language, str] = {"en": "References", "zh": "参考文献"}
_MARKERS = re.compile(r"\s?((?:\[\d{1,4}\])+)")
_WEB_ADDRESS = re.compile(r"https?://[!-;=?-~]+")


@dataclass(frozen=True, slots=True)
class Listed:
    """A source in a conversation's reference list.

    cited: its first citation, made on the day `accessed` in an answer in `language`. places: each
    citation of it, as the exchange's position and the citation's number there.
    """

    number: int
    cited: CitationRecord
    accessed: date
    language: Language
    places: tuple[tuple[int, int], ...]


def reference_list(conversation: Conversation) -> tuple[Listed, ...]:
    """The sources that a conversation cites, once each, in order of their first citation."""
    places: dict[tuple[str, ...], list[tuple[int, int]]] = {}
    first: dict[tuple[str, ...], tuple[Exchange, CitationRecord]] = {}
    for turn, exchange in enumerate(conversation.exchanges):
        for cited in exchange.citations:
            # A document that was replaced under its id is another source.
            about = (cited.title_en, cited.title_zh, cited.author, cited.publisher, cited.date)
            key = (cited.source_id, *about, cited.url, cited.kind)
            first.setdefault(key, (exchange, cited))
            places.setdefault(key, []).append((turn, cited.number))
    return tuple(
        Listed(
            number,
            cited,
            datetime.fromisoformat(exchange.time).date(),
            exchange.language,
            tuple(places[key]),
        )
        for number, (key, (exchange, cited)) in enumerate(first.items(), start=1)
    )


def to_markdown(conversation: Conversation, style: Style, language: Language) -> str:
    """The conversation with one reference list at its end; the answers' markers are its numbers.

    language: the reader's, for what is said around questions and answers.
    """
    listed = reference_list(conversation)
    parts = [f"# {escape_line(conversation.name) or 'Report Assistant'}", conversation.created[:10]]
    for turn, exchange in enumerate(conversation.exchanges):
        parts.append(f"## {turn + 1}. {escape_line(exchange.question)}")
        parts += _said(exchange, language, _numbers(listed, turn))
    if listed:
        parts.append(f"## {_REFERENCES[language]}")
        parts += [_entry(source, style, language) for source in listed]
    return "\n\n".join(parts) + "\n"


def to_json(conversation: Conversation) -> str:
    """The conversation's record with its reference list; `Conversation.from_dict` reads it too.

    references: number, source_id, the entry in both styles, and `cited`: which citations of which
    exchanges (counted from 0) it stands for.
    """
    references = [
        {
            "number": listed.number,
            "source_id": listed.cited.source_id,
            "apa": reference(listed.cited, "apa", listed.language, accessed=listed.accessed),
            "gb": reference(listed.cited, "gb", listed.language, accessed=listed.accessed),
            "cited": [{"exchange": turn, "citation": number} for turn, number in listed.places],
        }
        for listed in reference_list(conversation)
    ]
    data = {**conversation.to_dict(), "references": references}
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def _numbers(listed: tuple[Listed, ...], turn: int) -> dict[int, int]:
    """For the citations of an exchange, their sources' numbers in the list."""
    return {
        citation: source.number
        for source in listed
        for place, citation in source.places
        if place == turn
    }


def _said(exchange: Exchange, language: Language, numbers: Mapping[int, int]) -> list[str]:
    if exchange.error:
        return [escape_text(exchange.error)]
    labels = ANSWER[language]
    parts = []
    if exchange.stand_alone != exchange.question:
        parts.append(escape_line(f"{labels['stand_alone']}{exchange.stand_alone}"))
    parts += [escape_text(exchange.notice)] if exchange.notice else []
    if exchange.status != "answered":
        parts.append(f"**{escape_line(labels[exchange.status])}**")
    parts.append(_lists(list_numbered(exchange, numbers)))
    if exchange.composer != "quotes":
        grades = Counter(statement.support for statement in exchange.statements)
        counts = {grade: grades[grade] for grade in ("supported", "partly", "unsupported")}
        parts.append(escape_line(labels["written"].format(by=exchange.composer, **counts)))
    parts += [_quoted(cited, numbers[cited.number], language) for cited in exchange.citations]
    return parts


def list_numbered(exchange: Exchange, numbers: Mapping[int, int]) -> str:
    """The answer's text with its markers exchanged for the list's numbers.

    Only the markers behind a statement or the lead are ours: a "[1]" inside quoted words stays.
    """
    text, at, parts = exchange.text, 0, []
    pieces = [exchange.lead.text] if exchange.lead else []
    for piece in filter(None, [*pieces, *(said.text for said in exchange.statements)]):
        start = text.find(piece, at)
        markers = _MARKERS.match(text, start + len(piece)) if start >= 0 else None
        if markers is None:
            continue
        known = (int(number) for number in re.findall(r"\d+", markers[1]))
        ours = dict.fromkeys(numbers[number] for number in known if number in numbers)
        parts += [text[at : markers.start(1)], *(f"[{number}]" for number in ours)]
        at = markers.end()
    return "".join([*parts, text[at:]])


def _lists(text: str) -> str:
    """An answer's paragraphs and "- " lists as Markdown."""
    blocks = []
    for block in re.split(r"\n\s*\n", text.strip()):
        lines = block.split("\n")
        if all(line.startswith("- ") for line in lines):
            blocks.append("\n".join(f"- {escape_line(line[2:])}" for line in lines))
        else:
            blocks.append(escape_text(block))
    return "\n\n".join(blocks)


def _quoted(cited: CitationRecord, number: int, language: Language) -> str:
    """The exact words with their translation, and where they stand."""
    made = translated_by(cited.translation_by, language)
    parts = []
    for i, quote in enumerate(cited.quotes):
        parts.append(escape_text(quote.text))
        if i < len(cited.translations):
            parts.append(escape_text(f"{made}: {cited.translations[i]}"))
    where = " · ".join(filter(None, [cited.title(language), cited.heading]))
    parts.append(f"— {escape_line(f'[{number}] {where}')}")
    return block_quote("\n\n".join(parts))


def _entry(listed: Listed, style: Style, language: Language) -> str:
    made = entry(listed.cited, style, language, accessed=listed.accessed)
    title = f"*{escape_line(made.title)}*" if made.italic else escape_line(made.title)
    before, after = f"{escape_line(made.before)} " if made.before else "", _escaped(made.after)
    url = listed.cited.url
    if _WEB_ADDRESS.fullmatch(url):
        after = after.replace(escape_line(url), f"<{url}>")
    return f"\\[{listed.number}\\] {before}{title}{after}"


def _escaped(after: str) -> str:
    """What follows a title, with the space before it."""
    return (" " if after[:1].isspace() else "") + escape_line(after)
