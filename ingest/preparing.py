"""A file's bytes and what was read of them, made ready to be stored."""

from __future__ import annotations

import hashlib
import json
import os
import re
import unicodedata
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from assistant.retrieval.language import passage_language
from assistant.types import Source

from .entries import Entry
from .formats.document import Document
from .formats.names import extension, one_line
from .origins import Origin
from .passages import split_source
from .refusing import DocumentError


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes of a file; size in bytes and mtime_ns (0 for bytes from elsewhere) of the file."""

    name: str
    data: bytes
    sha256: str
    mtime_ns: int = 0


def content_of(path_or_bytes: Path | str | bytes, name: str, limit_mb: int) -> Content:
    """What is to be added; raises DocumentError for what cannot be read or is too large."""
    limit = limit_mb * 1_000_000
    mtime_ns = 0
    if isinstance(path_or_bytes, bytes):
        data = path_or_bytes
    else:
        path = Path(path_or_bytes)
        try:
            if not path.is_file():  # a pipe would never end, a folder is not one document
                why = "it is no file" if path.exists() else "it is not there"
                raise DocumentError("unreadable", name, why=why)
            with path.open("rb") as file:
                mtime_ns = path.stat().st_mtime_ns
                data = file.read(limit + 1)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise DocumentError("unreadable", name, why=why) from error
    if len(data) > limit:
        raise DocumentError("too_large", name, mb=limit_mb)
    return Content(name, data, hashlib.sha256(data).hexdigest(), mtime_ns)


def origin_of(path_or_bytes: Path | str | bytes, content: Content, folder: str = "") -> Origin:
    """Where that content came from: the file of that path, or an upload."""
    is_upload = isinstance(path_or_bytes, bytes)
    return Origin(
        kind="upload" if is_upload else "file",
        name=content.name,
        place="" if is_upload else os.path.abspath(str(path_or_bytes)),
        sha256=content.sha256,
        seen=now(),
        size=len(content.data),
        mtime_ns=content.mtime_ns,
        folder=folder,
    )


def entry_of(
    content: Content, document: Document, about: str | Source, *, id_: str = "", url: str = ""
) -> tuple[Entry, str]:
    """What is stored of a document, and where its lines stand on its pages, as JSON or "".

    about: the title that a user gave it ("" for the document's own), or the shipped source whose
    place it takes. id_: the id that it has already. url: the address that it came from. Raises
    DocumentError for one without text beside headings.
    """
    sha256 = text_hash(document.text)
    kind = extension(content.name)
    boxes = json.dumps([asdict(box) for box in document.boxes]) if document.boxes else ""
    title = (
        (one_line(about) if isinstance(about, str) else "")
        or one_line(document.title)
        or content.name.removesuffix(kind)
    )
    shipped = about if isinstance(about, Source) else None
    entry = Entry(
        id=id_ or (f"{shipped.id}-official" if shipped else new_id(content.name, sha256)),
        title_en=shipped.title_en.removesuffix(" (digest)") if shipped else title,
        title_zh=shipped.title_zh.removesuffix("（摘要）") if shipped else title,
        author=one_line(document.author) or (shipped.author if shipped else ""),
        publisher=shipped.publisher if shipped else one_line(document.publisher),
        date=shipped.date if shipped else one_line(document.date, 40),
        url=url,
        licence="",
        language=passage_language(document.text),
        format=document.format,
        characters=len(document.text),
        added=now(),
        sha256=sha256,
        original=f"{content.sha256}{kind}",
        original_sha256=content.sha256,
        pages=document.pages,
        notes=document.notes,
        replaces=shipped.id if shipped else "",
    )
    source = entry.source(document.text)
    if not split_source(source, count_tokens=len, passage_tokens=len(document.text)):
        raise DocumentError("empty", content.name)
    return entry, boxes


def new_id(name: str, sha256: str) -> str:
    """A name for addresses, made of the file's and of what it holds."""
    latin = unicodedata.normalize("NFKD", name.removesuffix(extension(name)).lower())
    words = re.findall(r"[a-z0-9]+", latin.encode("ascii", "ignore").decode())
    return f"{'-'.join(words)[:48].strip('-') or 'document'}-{sha256[:8]}"


def text_hash(text: str) -> str:
    """SHA-256 of a text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def now() -> str:
    """This moment, ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")
