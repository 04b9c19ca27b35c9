"""PDF: text with pages and positions, columns in reading order, what repeats left out."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ingest.refusing import DocumentError, Reason

from .document import Document, Note, ReadOptions, assemble

if TYPE_CHECKING:
    import pypdfium2

    from .pdf_page import Page

# pdfium is not made for threads.
_ONE_AT_A_TIME = threading.Lock()
# Half of what a page holds may turn out to be no text; beyond, reading on is of no use.
_MOST = 2
# pdfium's error codes (fpdfview.h).
_FORMAT, _PASSWORD, _SECURITY = 3, 4, 5
_ROOT = re.compile(rb"(\d{1,10})\s+0\s+obj\b[^>]{0,500}?/Type\s*/Catalog\b")
_START = re.compile(rb"startxref\s+(\d+)")
# A table of objects, or the object that holds one.
_TABLE = re.compile(rb"\s*(?:xref|\d+\s+\d+\s+obj)\b")


def read_pdf(data: bytes, name: str, options: ReadOptions) -> Document:
    """The text of a PDF.

    Raises DocumentError: "encrypted", "wrong_password", "damaged", "too_many_pages", "too_long",
    and "scan" where every page is a picture that was not recognised.
    """
    from .names import told_author, told_date, told_title
    from .pdf import is_whole, opened_pdf
    from .pdf_flow import flow
    from .pdf_furniture import without_furniture
    from .pdf_scans import with_recognised

    with _ONE_AT_A_TIME, opened_pdf(data, name, options) as pdf:
        count = len(pdf)
        told = pdf.get_metadata_dict()
        pages, unread = _pages(pdf, name, options)
        pages = with_recognised(pdf, pages, allowed=options.ocr)
    scanned = [page.number for page in pages if page.pictured]
    if pages and len(scanned) == len(pages):
        raise DocumentError("scan", name, pages=len(scanned))
    read = flow(without_furniture(pages))
    text, starts, boxes = assemble(read.blocks, page_count=count)
    return Document(
        text,
        "pdf",
        title=told_title(told["Title"]) or read.title,
        author=told_author(told["Author"]),
        date=told_date(told["CreationDate"]),
        pages=starts,
        boxes=boxes,
        notes=tuple(_notes(pages, scanned, unread, whole=is_whole(data))),
    )


def _pages(
    pdf: pypdfium2.PdfDocument, name: str, options: ReadOptions
) -> tuple[list[Page], list[int]]:
    """What stands on the pages, and the numbers of those that cannot be loaded."""
    import pypdfium2

    from .pdf_page import read_page

    pages: list[Page] = []
    unread: list[int] = []
    chars = 0
    for number in range(1, len(pdf) + 1):
        try:
            page = pdf[number - 1]
        except pypdfium2.PdfiumError:
            unread.append(number)
            continue
        try:
            pages.append(read_page(page, number))
        except pypdfium2.PdfiumError:
            unread.append(number)
        finally:
            page.close()
        chars += pages[-1].chars if pages else 0
        if chars > _MOST * options.chars:
            raise DocumentError("too_long", name, chars=options.chars, found=chars)
    if not pages:
        raise DocumentError("damaged", name, why="none of its pages can be loaded")
    return pages, unread


def _notes(
    pages: Sequence[Page], scanned: Sequence[int], unread: Sequence[int], *, whole: bool
) -> Iterable[Note]:
    if not whole:
        yield Note("repaired")
    if recognised := [page.number for page in pages if page.recognised]:
        yield Note("recognised", _listed(recognised))
    if scanned:
        yield Note("scanned", _listed(scanned))
    if unread:
        yield Note("left_out", "p. " + _listed(unread))
    if unknown := sum(page.unknown for page in pages if not page.pictured):
        yield Note("left_out", f"{unknown} × \ufffd")


def _listed(numbers: Sequence[int]) -> str:
    """Page numbers as people write them: "3, 5–7"."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(
        f"{a}" if a == b else f"{a}–{b}" if b > a + 1 else f"{a}, {b}" for a, b in spans
    )


@contextmanager
def opened_pdf(data: bytes, name: str, options: ReadOptions) -> Iterator[pypdfium2.PdfDocument]:
    """The document, closed with the block; its pages are counted, none is read.

    A file whose user password is empty opens without one. Raises DocumentError.
    """
    import pypdfium2

    try:
        pdf = _loaded(data, options.password)
    except pypdfium2.PdfiumError as error:
        if error.err_code == _PASSWORD:
            reason: Reason = "wrong_password" if options.password else "encrypted"
            raise DocumentError(reason, name) from error
        unknown = error.err_code == _SECURITY
        why = "its protection is of an unknown kind" if unknown else "its parts cannot be found"
        raise DocumentError("damaged", name, why=why) from error
    try:
        if len(pdf) > options.pages:
            raise DocumentError("too_many_pages", name, pages=options.pages, found=len(pdf))
        yield pdf
    finally:
        pdf.close()


def _loaded(data: bytes, password: str) -> pypdfium2.PdfDocument:
    import pypdfium2

    try:
        return pypdfium2.PdfDocument(data, password=password or None)
    except pypdfium2.PdfiumError as error:
        roots = [match[1] for match in _ROOT.finditer(data)]
        if error.err_code != _FORMAT or not roots:
            raise
        # What was cut off ends without the line that says where to begin.
        end = b"\nendobj\ntrailer << /Root %b 0 R >>\n%%%%EOF\n" % roots[-1]
        return pypdfium2.PdfDocument(data + end, password=password or None)


def is_whole(data: bytes) -> bool:
    """Whether a file says truly where its parts are; pdfium looks for them where it does not."""
    starts = _START.findall(data[-2_048:])
    # Offsets count from the mark of a PDF, which may stand after other bytes.
    begin = max(data.find(b"%PDF-", 0, 1_024), 0)
    return bool(starts) and _TABLE.match(data, begin + int(starts[-1][:12])) is not None
