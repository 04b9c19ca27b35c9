"""What Markdown files hold beyond CommonMark: front matter, containers, footnotes."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock

_FRONT_MATTER = re.compile(
    r"(?P<mark>---|\+\+\+)\n(?P<body>[\w-]+[ \t]*[:=].*?)\n(?:(?P=mark)|\.\.\.)(?:\n|\Z)", re.S
)
_FIELD = re.compile(r"^(title|author|date)[ \t]*[:=][ \t]*(.+)$", re.M | re.I)
_CONTAINER = re.compile(r":{3,}[ \t]*(?:\{[^}]*\}|[\w-]+)?[ \t]*(?P<title>.*?)[ \t]*:*$")
_FOOTNOTE = re.compile(r"\[\^[^\]\s]+\]:[ \t]*(?P<words>.*)$")
# A title without the space that the standard asks for, as many write it in Chinese.
_CLOSE_HEADING = re.compile(r"(?P<marks>#{2,6})(?P<words>[^#\s!].*?)[ \t]*#*$")
_LINK_TARGET = re.compile(r"\[[^\]^][^\]]*\]:[ \t]*\S")
_AFTER: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}


def front_matter(text: str) -> tuple[Mapping[str, str], str]:
    """What a file says of itself at its top (title, author, date), and the text below."""
    found = _FRONT_MATTER.match(text)
    if not found:
        return {}, text
    try:
        read = tomllib.loads if found["mark"] == "+++" else yaml.safe_load
        told: Any = read(found["body"])
    except (ValueError, yaml.YAMLError, RecursionError):
        told = None
    if not isinstance(told, dict):
        # Most often a title with a colon that should have been quoted.
        told = {field: words.strip("\"' ") for field, words in _FIELD.findall(found["body"])}
    fields = {str(key).lower(): _words(value) for key, value in told.items()}
    fields.setdefault("author", fields.get("authors", ""))
    return fields, text[found.end() :]


def parser() -> MarkdownIt:
    """CommonMark with tables, containers (`:::`) and footnotes (`[^1]: …`)."""
    markdown = MarkdownIt("commonmark", {"maxNesting": 100}).enable(["table", "strikethrough"])
    markdown.block.ruler.before("fence", "container", _container, _AFTER)
    markdown.block.ruler.before("reference", "close_heading", _close_heading, _AFTER)
    markdown.block.ruler.before("reference", "footnote", _footnote, _AFTER)
    return markdown


def _words(value: object) -> str:
    """A value of front matter as words: one, or a list of them; a person may have a `name`."""
    # No deeper: aliases of aliases would take for ever.
    values = value[:10] if isinstance(value, list) else [value]
    named = (one.get("name") if isinstance(one, dict) else one for one in values)
    days = (one.date() if isinstance(one, datetime) else one for one in named)
    return ", ".join(str(one) for one in days if isinstance(one, (str, int, float, date)))


def _container(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A line that opens or closes a container: its title is a paragraph, its text as any other."""
    found = _CONTAINER.match(_line(state, start))
    if found is None or state.is_code_block(start):
        return False
    if not silent:
        _push(state, "paragraph", found["title"], start, start + 1)
    return True


def _footnote(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A note: the rest of its line, the lines below that are not blank, and indented paragraphs."""
    found = _FOOTNOTE.match(_line(state, start))
    if found is None or state.is_code_block(start):
        return False
    if silent:
        return True
    lines, after = [found["words"]], start + 1
    while after < end:
        line = _line(state, after)
        indented = state.sCount[after] - state.blkIndent >= 2
        if _FOOTNOTE.match(line) or _LINK_TARGET.match(line):
            break
        if line and not indented and state.isEmpty(after - 1):
            break
        lines.append(line)
        after += 1
    _push(state, "footnote", "\n".join(line for line in lines if line), start, after)
    return True


def _close_heading(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    found = _CLOSE_HEADING.match(_line(state, start))
    if found is None or state.is_code_block(start):
        return False
    if not silent:
        _push(state, "heading", found["words"], start, start + 1, tag=f"h{len(found['marks'])}")
    return True


def _line(state: StateBlock, number: int) -> str:
    begin = state.bMarks[number] + state.tShift[number]
    return state.src[begin : state.eMarks[number]]


def _push(
    state: StateBlock, kind: str, words: str, start: int, after: int, *, tag: str = "p"
) -> None:
    state.line = after
    if not words:
        return
    state.push(f"{kind}_open", tag, 1).map = [start, after]
    inline = state.push("inline", "", 0)
    inline.content, inline.children, inline.map = words, [], [start, after]
    state.push(f"{kind}_close", tag, -1)
