"""Questions and answers as HTML; everything that is not ours is escaped here."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Collection, Mapping
from typing import get_args

from ..types import Language, Support
from .feedback import Verdict
from .labels import ANSWER
from .records import Conversation, Exchange

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


def _is_quoted(exchange: Exchange) -> bool:
    """Whether all that is said stands so in a source or its translation."""
    quoted = {quote.text for cited in exchange.citations for quote in cited.quotes}
    quoted |= {text for cited in exchange.citations for text in cited.translations}
    return all(statement.text in quoted for statement in exchange.statements)


def _composer(exchange: Exchange) -> str:
    """Who worded the answer, how it stood the check, what it cost."""
    labels = ANSWER[exchange.language]
    said = [labels["quotes" if _is_quoted(exchange) else "own_words"]] if exchange.citations else []
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
