"""A file name for what was fetched, with the ending of its kind."""

from __future__ import annotations

import re
from email.message import Message
from urllib.parse import unquote

from ..formats.names import extension, shown_name
from ..formats.reading import KINDS, kind_of
from ..refusing import DocumentError

_ENDINGS = {
    "application/pdf": ".pdf",
    "application/epub+zip": ".epub",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.ms-word.document.macroenabled.12": ".docm",
    "application/xhtml+xml": ".xhtml",
    "text/html": ".html",
    "text/markdown": ".md",
    "text/x-markdown": ".md",
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "text/plain": ".txt",
}
# Only what begins as such is one of these; a name or a media type alone does not make it so.
_KNOWN_BY_CONTENT = ("pdf", "docx", "epub")
_PAGE = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)\b", re.I | re.S
)
_MARKUP = re.compile(
    r"<(?:head|meta|title|script|style|body|div|p|br|table|h[1-6]|article)\b[^>]*>", re.I
)
# Bytes that are looked at for markup: browsers sniff 1,445 (WHATWG, MIME Sniffing); saved pages
# begin with comments.
_SAMPLE = 4_096
_PROGRAM_ENDING = re.compile(r"\.[a-z]{1,5}")


def file_name(body: bytes, *, disposition: str, media_type: str, target: str, host: str) -> str:
    """What to call a fetched body; the ending says its kind, as far as that can be told.

    The body decides the kind; then the name that the server or the address gives, then the media
    type. disposition: the Content-Disposition header. target: path and query of the address.
    """
    path = target.partition("?")[0].rstrip("/")
    last = unquote(path.rpartition("/")[2], errors="replace")
    name = parameter(disposition, "filename") or last or host.replace(".", "-")
    name = shown_name(name)
    ending = _ending(body, name, media_type)
    before = extension(name)
    if not ending or KINDS.get(before) == KINDS[ending]:
        return name
    if before in KINDS or _PROGRAM_ENDING.fullmatch(before):
        name = name[: -len(before)]
    return shown_name(name + ending)


def parameter(header: str, name: str) -> str:
    """A parameter of a header such as Content-Type, in any of its spellings; "" without it."""
    message = Message()
    message["x"] = re.sub(r"[\x00-\x1f\x7f]", " ", header)
    value = message.get_param(name, "", "x")
    if isinstance(value, tuple):
        charset, _, words = value
        try:
            return words.encode("latin-1").decode(charset or "utf-8", "replace")
        except (LookupError, UnicodeError):
            return words
    return str(value)


def _ending(body: bytes, name: str, media_type: str) -> str:
    try:
        return f".{kind_of(body, '')}"
    except DocumentError:
        pass  # it does not begin as one that is known by its beginning
    words = _beginning(body)
    if _PAGE.match(words):
        return ".html"
    named, said = extension(name), _ENDINGS.get(media_type, "")
    for ending in (named, said):
        kind = KINDS.get(ending, "")
        if kind == "html" and not _MARKUP.search(words):
            continue  # error pages and downloads are often called pages, whatever they are
        if kind and kind not in _KNOWN_BY_CONTENT:
            return ending
    if _MARKUP.search(words):
        return ".html"
    return ".txt" if media_type.startswith("text/") else ""


def _beginning(body: bytes) -> str:
    """The first characters, well enough for markup to be seen."""
    sample = body[:_SAMPLE]
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        return sample.decode("utf-16", "replace").lstrip("\ufeff")
    return sample.removeprefix(b"\xef\xbb\xbf").decode("latin-1")
