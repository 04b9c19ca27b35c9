"""Plain text files in any encoding, and what is common to all files that are text."""

from __future__ import annotations

import re

from ingest.refusing import DocumentError

from .decoding import decode_text, is_binary
from .document import Document, ReadOptions
from .names import one_line

_HEADING = re.compile(r"^#{1,6}[ \t]+(.*\S.*)$", re.M)
# Marks of emphasis and code, an anchor at the end, the closing signs of a heading.
_MARKUP = re.compile(r"[*`]+|[ \t]*\{#[^}\n]*\}|[ \t]#+[ \t]*$")
_TITLE_CHARS = 200


def read_text(data: bytes, name: str, options: ReadOptions) -> Document:
    """A plain text; lines that begin with `#` are headings, form feeds part its pages."""
    text, pages = _paged(decoded(data, name, options.charset))
    heading = _HEADING.search(text)
    title = one_line(_MARKUP.sub("", heading[1]), _TITLE_CHARS) if heading else ""
    return Document(text, "txt", title=title, pages=pages)


def decoded(data: bytes, name: str, *declared: str) -> str:
    """The text of a file; raises DocumentError for what is none, and for unknown encodings.

    Line ends become line feeds; NUL characters and white space at line ends go. declared: the
    encodings that the file or its sender names; "" for none.
    """
    text = decode_text(data, declared=[claim for claim in declared if claim])
    if is_binary(data, text):
        raise DocumentError("binary", name)
    if text is None:
        raise DocumentError("encoding", name)
    text = text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    # A form feed is white space as well, but one that means something.
    return "\n".join(line.rstrip(" \t\v\u3000\xa0") for line in text.split("\n"))


def _paged(text: str) -> tuple[str, tuple[int, ...]]:
    """The text without form feeds, and where its pages begin; () where it has none."""
    if "\f" not in text.strip("\f\n"):
        return text.replace("\f", ""), ()
    pages: list[int] = []
    whole = ""
    for page in text.split("\f"):
        if whole and not whole.endswith("\n"):
            whole += "\n"
        pages.append(len(whole))
        whole += page
    if pages[-1] == len(whole):  # the last page ends with a form feed too
        pages.pop()
    return whole, tuple(pages)
