"""From a file's bytes to a document: which kind it is, and who reads that kind."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace

from ingest.refusing import DocumentError

from .document import Document, Note, ReadOptions
from .languages import foreign_language, foreign_part
from .names import extension

# By the ends of their names; what a file begins with goes before its name.
KINDS: Mapping[str, str] = {
    ".pdf": "pdf",
    ".docx": "docx",
    ".docm": "docx",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".epub": "epub",
    ".md": "md",
    ".markdown": "md",
    ".txt": "txt",
    ".text": "txt",
    ".csv": "csv",
    ".tsv": "csv",
}


# What Word wraps its encrypted files in, and wrote all files in before 2007.
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

Reader = Callable[[bytes, str, ReadOptions], Document]


def read_document(data: bytes, name: str, options: ReadOptions | None = None) -> Document:
    """What a file of that name holds.

    Raises DocumentError, with a sentence for users, for what cannot be read. Meant for the child
    process of `ingest/reading_apart.py`: a hostile file may take all memory or never end.
    """
    options = options or ReadOptions()
    if options.password and data.startswith(_OLE):
        from .zips import opened

        data = opened(data, name, options.password)
    kind = kind_of(data, name)
    try:
        document = _reader(kind)(data, name, options)
    except RecursionError as error:
        raise DocumentError("damaged", name, why="its parts are nested without end") from error
    if not document.text.strip():
        raise DocumentError("empty", name)
    if len(document.text) > options.chars:
        raise DocumentError("too_long", name, chars=options.chars, found=len(document.text))
    if language := foreign_language(document.text):
        raise DocumentError("foreign", name, language=language)
    notes = list(document.notes)
    if part := foreign_part(document.text):
        notes.append(Note("foreign", part))
    if kind != "pdf" and (lost := document.text.count("\ufffd")):
        notes.append(Note("left_out", f"{lost} × \ufffd"))
    return replace(document, notes=tuple(notes))


def kind_of(data: bytes, name: str) -> str:
    """The kind of a file, by what it begins with and else by its name; raises DocumentError."""
    if not data.strip(b"\0 \t\r\n"):
        raise DocumentError("empty", name)
    if b"%PDF-" in data[:1_024]:
        return "pdf"
    if data.startswith(b"PK\x03\x04"):
        return _zipped(data, name)
    if data.startswith(_OLE):
        # Word wraps what it encrypts, and what it wrote before 2007, in the same container.
        is_encrypted = "EncryptedPackage".encode("utf-16-le") in data
        raise DocumentError("encrypted" if is_encrypted else "old_word", name)
    kind = KINDS.get(extension(name), "")
    if kind in ("docx", "epub"):
        raise DocumentError("damaged", name, why=f"it is no {kind.upper()} file")
    if kind == "pdf":
        raise DocumentError("damaged", name, why="it is no PDF file")
    if not kind:
        raise DocumentError("kind", name)
    return kind


def _zipped(data: bytes, name: str) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            # Some programs part the names of folders as Windows does.
            names = {part.replace("\\", "/") for part in archive.namelist()}
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise DocumentError("damaged", name, why="it was cut off or changed") from error
    # Word on the web numbers the part: word/document2.xml.
    if any(re.fullmatch(r"word/document\d*\.xml", part) for part in names):
        return "docx"
    if "META-INF/container.xml" in names:
        return "epub"
    raise DocumentError("kind", name)


def _reader(kind: str) -> Reader:
    # Each reader loads its own libraries.
    if kind == "pdf":
        from .pdf import read_pdf

        return read_pdf
    if kind == "docx":
        from .docx import read_docx

        return read_docx
    if kind == "html":
        from .html_page import read_html

        return read_html
    if kind == "epub":
        from .epub import read_epub

        return read_epub
    if kind == "csv":
        from .csv_table import read_csv

        return read_csv
    if kind == "md":
        from .markdown import read_markdown

        return read_markdown
    from .plain import read_text

    return read_text
