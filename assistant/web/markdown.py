"""Text from elsewhere as Markdown (CommonMark with GitHub's extensions) that shows it literally."""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"([\\`*_\[\]<>&~|$#])")
# What makes a list, a heading or a rule at the beginning of a line.
_OPENING = re.compile(r"^(?:([+=-])|(\d+)([.)]))", re.MULTILINE)
# GitHub makes links of bare addresses.
_ADDRESS = re.compile(r"://|\bwww\.", re.IGNORECASE)
_LINE = re.compile(r"\r\n|\n|\r")
_BLANK = re.compile(r"(?:(?:\r\n|\n|\r)[ \t]*){2,}")


def escape_line(text: str) -> str:
    """The text on one line, every character shown as it is."""
    text = _SPECIAL.sub(r"\\\1", " ".join(text.split()))
    text = _OPENING.sub(lambda m: f"\\{m[1]}" if m[1] else f"{m[2]}\\{m[3]}", text)
    return _ADDRESS.sub(lambda m: m[0].replace(":", "\\:").replace(".", "\\."), text)


def escape_text(text: str) -> str:
    """The text with its lines and paragraphs, every character shown as it is."""
    paragraphs = []
    for paragraph in _BLANK.split(text):
        lines = [escaped for line in _LINE.split(paragraph) if (escaped := escape_line(line))]
        if lines:
            paragraphs.append("\\\n".join(lines))
    return "\n\n".join(paragraphs)


def block_quote(markdown: str) -> str:
    """Markdown as a block quote."""
    return "\n".join(f"> {line}".rstrip() for line in markdown.split("\n"))
