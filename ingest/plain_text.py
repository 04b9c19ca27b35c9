"""What is taken from a plain text or Markdown file: its words, its title, a name to show."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from .decoding import decode_text, is_binary
from .refusing import DocumentError

KINDS = (".txt", ".md")
_FRONT_MATTER = re.compile(
    r"(?P<mark>---|\+\+\+)\n(?P<body>[\w-]+[ \t]*[:=].*?)\n(?P=mark)\n", re.S
)
_TITLE = re.compile(r"^title[ \t]*[:=][ \t]*(.+)$", re.M | re.I)
_HEADING = re.compile(r"^#{1,6}[ \t]+(.*\S.*)$", re.M)
# Marks of emphasis and code, an anchor at the end, the closing signs of a heading.
_MARKUP = re.compile(r"[*`]+|[ \t]*\{#[^}\n]*\}|[ \t]#+[ \t]*$")
_TITLE_CHARS = 200
_NAME_CHARS = 120


@dataclass(frozen=True, slots=True)
class PlainText:
    """The text that is indexed, and the title that the file gives itself ("" for none)."""

    text: str
    title: str


def read_plain_text(data: bytes, name: str) -> PlainText:
    """What a file of that name holds.

    Line ends become line feeds; NUL characters, white space at line ends and a Markdown file's
    front matter go; every other character stays. Raises DocumentError for what is no text.
    """
    if not data.strip(b"\0 \t\r\n"):
        raise DocumentError("empty", name)
    text = decode_text(data)
    if is_binary(data, text):
        raise DocumentError("binary", name)
    if text is None:
        raise DocumentError("encoding", name)
    text = text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    named = None
    if extension(name) == ".md" and (front := _FRONT_MATTER.match(text)):
        text = text[front.end() :]
        named = _TITLE.search(front["body"])
    if not text.strip():
        raise DocumentError("empty", name)
    if named is None and (heading := _HEADING.search(text)):
        return PlainText(text, one_line(_MARKUP.sub("", heading[1]), _TITLE_CHARS))
    return PlainText(text, one_line(named[1], _TITLE_CHARS).strip("\"'") if named else "")


def extension(name: str) -> str:
    """The end of a file name in small letters: ".md"; "" where there is none."""
    return "." + name.rpartition(".")[2].lower() if "." in name else ""


def shown_name(name: str) -> str:
    """A file name without folders and without characters that could hide or break anything."""
    last = one_line(re.split(r"[/\\]", name)[-1], 10_000)
    kind = extension(last)
    stem = last[: len(last) - len(kind)].strip(" .")
    return f"{stem[:_NAME_CHARS] or 'document'}{kind[:10]}"


def one_line(words: str, limit: int) -> str:
    """Words as one line of visible characters, cut at the limit."""
    # Control, zero-width and bidirectional marks could show a name as what it is not.
    kept = "".join(" " if c.isspace() else c for c in words)
    kept = "".join(c for c in kept if unicodedata.category(c)[0] != "C")
    return " ".join(kept.split())[:limit].strip()
