"""Answers and their sources as HTML; everything that is not ours is escaped here."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import get_args
from urllib.parse import quote as encoded

from assistant.messages import page_words
from assistant.types import Language, Support

from .feedback import Verdict
from .labels import ANSWER, PAGE, Labels
from .permalinks import permalink_of
from .records import CitationRecord, Conversation, Exchange

Message = Mapping[str, str]
# Characters for private use stand for the badges until the text around them is escaped.
_GRADED = {"supported": "\ue000", "partly": "\ue001", "unsupported": "\ue002"}
_MARKERS = re.compile(r"(?:\s?\[[0-9]{1,4}\])*")
_SIGNS = {"supported": "✓", "partly": "◐", "unsupported": "✗"}


def escape(text: str) -> str:
    """Text as HTML that shows it literally, on one line of markup.

    The chat reads messages as Markdown: a blank line would end the HTML block, and what
    follows would be read as Markdown again.
    """
    return html.escape(text).replace("\r\n", "\n").replace("\n", "<br>").replace("\r", "<br>")


def link_markers(text: str, numbers: Collection[int], turn: int) -> str:
    """Escaped text whose [n] of known citations lead to the sources; others stay text."""

    def link(match: re.Match[str]) -> str:
        number = int(match[1])
        if number not in numbers:
            return match[0]
        return f'<a class="marker" href="#source-{turn}-{number}">[{number}]</a>'

    return re.sub(r"\[([0-9]{1,4})\]", link, escape(text))


def highlight(citation: CitationRecord) -> str:
    """The passage as HTML, exactly the quoted characters in <mark>."""
    parts, done = [], 0
    for quote in sorted(citation.quotes, key=lambda quote: quote.start):
        start = max(quote.start - citation.start, done)
        end = quote.end - citation.start
        if start < end:
            parts.append(escape(citation.text[done:start]))
            parts.append(f"<mark>{escape(citation.text[start:end])}</mark>")
            done = end
    return "".join([*parts, escape(citation.text[done:])])


def render_text(text: str, numbers: Collection[int] = (), turn: int = 0) -> str:
    """An answer's paragraphs and "- " lists as HTML."""
    blocks = []
    for block in re.split(r"\n\s*\n", text.strip()):
        lines = block.split("\n")
        if all(line.startswith("- ") for line in lines):
            items = (f"<li>{link_markers(line[2:], numbers, turn)}</li>" for line in lines)
            blocks.append(f"<ul>{''.join(items)}</ul>")
        else:
            blocks.append(f"<p>{link_markers(block, numbers, turn)}</p>")
    return "".join(blocks)


def message(role: str, body: str, classes: str = "", language: str = "") -> Message:
    """A chat message; inside a block of HTML the chat reads no Markdown."""
    lang = f' lang="{language}"' if language else ""
    return {"role": role, "content": f'<div class="{classes}"{lang}>{body}</div>'}


def question_message(question: str, turn: int, ui: Language) -> Message:
    """What was asked, with a button to ask it otherwise."""
    words = f'<div class="words">{escape(question)}</div>'
    return message("user", f"{words}{_acts(ui, turn, ('edit',))}", "asked")


def messages(conversation: Conversation, ui: Language) -> list[Message]:
    """All that was said, as the chat shows it."""
    shown = []
    for turn, exchange in enumerate(conversation.exchanges):
        shown.append(question_message(exchange.question, turn, ui))
        if exchange.error:
            body = f"<p>{escape(exchange.error)}</p>{_acts(ui, turn, ('again',))}"
            shown.append(message("assistant", body, "reply error"))
        else:
            body = render_exchange(exchange, turn, ui)
            shown.append(message("assistant", body, f"reply {exchange.status}", exchange.language))
    return shown


def render_exchange(exchange: Exchange, turn: int, ui: Language) -> str:
    """The chat's HTML for a finished answer."""
    labels = ANSWER[exchange.language]
    parts = []
    if exchange.stand_alone != exchange.question:
        parts.append(f'<p class="small">{labels["stand_alone"]}{escape(exchange.stand_alone)}</p>')
    if exchange.notice:
        parts.append(f'<p class="notice">{escape(exchange.notice)}</p>')
    if exchange.status != "answered":
        parts.append(f'<p class="label">{labels[exchange.status]}</p>')
    numbers = [citation.number for citation in exchange.citations]
    said = render_text(with_grade_signs(exchange), numbers, turn)
    for grade, sign in _SIGNS.items():
        badge = f'<span class="grade {grade}">{sign} {labels[grade]}</span>'
        said = said.replace(_GRADED[grade], f" {badge}")
    parts.append(f'<div class="said">{said}</div>')
    translated = [statement.translated for statement in exchange.statements]
    if any(translated):
        label = labels["translated" if all(translated) else "mixed"]
        parts.append(f'<p class="small">{label}</p>')
    if exchange.citations or exchange.usage.calls:
        parts.append(f'<p class="small composer">{escape(_composer(exchange))}</p>')
    acts = ("copy", "again", "helpful", "wrong", "wrong_source")
    return "".join(parts) + _acts(ui, turn, acts)


def with_grade_signs(exchange: Exchange) -> str:
    """The text with a sign behind each sentence that a model wrote: how well it is supported."""
    text = "".join(sign for sign in exchange.text if sign not in _GRADED.values())
    if exchange.composer == "quotes":
        return text
    parts, done = [], 0
    for statement in exchange.statements:
        start = text.find(statement.text, done)
        if start < 0 or not statement.text:
            continue
        behind = _MARKERS.match(text, start + len(statement.text))
        end = behind.end() if behind else start + len(statement.text)
        parts += [text[done:end], _GRADED[statement.support]]
        done = end
    return "".join([*parts, text[done:]])


def _composer(exchange: Exchange) -> str:
    """Who worded the answer, how it stood the check, what it cost."""
    labels = ANSWER[exchange.language]
    said = [labels["quotes"]]
    if exchange.composer != "quotes":
        grades = Counter(statement.support for statement in exchange.statements)
        counts = {grade: grades[grade] for grade in get_args(Support)}
        said = [labels["written"].format(by=exchange.composer, **counts)]
    usage = exchange.usage
    if usage.calls:
        about = "≈" if usage.estimated else ""
        tokens = {"tokens_in": usage.tokens_in, "tokens_out": usage.tokens_out}
        said.append(labels["usage"].format(about=about, **tokens))
    if exchange.unknown_markers:
        numbers = ", ".join(map(str, exchange.unknown_markers))
        said.append(labels["unknown"].format(numbers=numbers))
    return " · ".join(said)


def _acts(ui: Language, turn: int, names: Collection[str]) -> str:
    """Buttons below a message; what they do stands in page.js."""
    made = []
    for name in names:
        classes = f"act-{name} turn-{turn}"
        if name in get_args(Verdict):
            classes = f"act-feedback turn-{turn} verdict-{name}"
        label = ANSWER[ui]["retry" if name == "again" else name]
        made.append(f'<button type="button" class="{classes}">{label}</button>')
    return f'<div class="acts" lang="{ui}">{"".join(made)}</div>'


def panel(conversation: Conversation, ui: Language) -> str:
    """The sources of every answer; those of the last one are open to view."""
    turns = [(n, exchange) for n, exchange in enumerate(conversation.exchanges) if exchange.text]
    parts = [render_sources(exchange, turn, shown=turn == turns[-1][0]) for turn, exchange in turns]
    return "".join(parts) or f'<p class="hint" lang="{ui}">{escape(PAGE[ui]["panel"])}</p>'


def render_sources(exchange: Exchange, turn: int, *, shown: bool) -> str:
    """One answer's part of the sources panel; a marker of an older answer shows its part again."""
    labels = ANSWER[exchange.language]
    shown_ones = exchange.citations or exchange.closest
    body = "".join(
        _citation(cited, exchange.language, turn, near=cited in exchange.closest)
        for cited in shown_ones
    )
    title = labels["sources" if exchange.citations or not body else "closest"]
    return (
        f'<section lang="{exchange.language}"{"" if shown else " hidden"}>'
        f"<h2>{title}</h2>"
        f'<p class="small">{escape(exchange.stand_alone)}</p>'
        f"{body or '<p class=hint>' + labels['none'] + '</p>'}</section>"
    )


def _citation(citation: CitationRecord, language: Language, turn: int, *, near: bool) -> str:
    labels = ANSWER[language]
    title = escape(citation.title(language))
    page = page_words(citation.page, language)
    facts = (citation.publisher, citation.date, page, labels[citation.kind])
    parts = [f"<h3>{escape(citation.heading)}</h3>"] if citation.heading else []
    original = f'<blockquote lang="{citation.language}">{highlight(citation)}</blockquote>'
    if citation.translations:
        made = labels["aligned"].format(by=citation.translation_by)
        words = "<br>".join(map(escape, citation.translations))
        aligned = (
            f'<div><p class="small">{escape(made)}</p>'
            f'<p lang="{citation.translation_language}">{words}</p></div>'
        )
        parts.append(f'<div class="pair">{original}{aligned}</div>')
    else:
        parts.append(original)
    note = citation.note_zh if language == "zh" else citation.note_en
    if note:
        parts.append(f'<p class="note">{escape(note)}</p>')
    parts.append(f'<p class="links">{"".join(_links(citation, labels, turn, near))}</p>')
    # Nothing was quoted of what only came near: no marker stands for it.
    marker = "" if near else f'<span class="marker">[{citation.number}]</span> '
    return (
        f'<details class="source {citation.kind}" id="source-{turn}-{citation.number}">'
        f"<summary>{marker}<b>{title}</b>"
        f'<span class="byline">{escape(" · ".join(filter(None, facts)))}</span></summary>'
        f"{''.join(parts)}</details>"
    )


def _links(citation: CitationRecord, labels: Labels, turn: int, near: bool) -> Iterator[str]:
    place = f"{turn}-{citation.number}"
    if not near:
        yield f'<button type="button" data-act="read" data-read="{place}">{labels["read"]}</button>'
    first = citation.quotes[0] if citation.quotes else citation
    address = escape(permalink_of(citation.source_id, first.text, first.start))
    yield f'<a href="{address}" target="_blank" rel="noopener">{labels["address"]}</a>'
    if citation.page:
        original = f"/read/{encoded(citation.source_id, safe='')}/original#page={citation.page}"
        named = page_words(citation.page, "zh" if labels is ANSWER["zh"] else "en")
        yield f'<a href="{escape(original)}" target="_blank" rel="noopener">{named} ↗</a>'
    if citation.url:
        yield (
            f'<a href="{escape(citation.url)}" target="_blank" rel="noopener noreferrer">'
            f"{labels['link']} ↗</a>"
        )
