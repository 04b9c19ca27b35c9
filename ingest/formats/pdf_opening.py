"""A PDF opened, or refused with a reason that a person understands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ingest.refusing import DocumentError, Reason

from .document import ReadOptions

if TYPE_CHECKING:
    import pypdfium2

_FORMAT, _PASSWORD, _SECURITY = 3, 4, 5
_ROOT = re.compile(rb"(\d{1,10})\s+0\s+obj\b[^>]{0,500}?/Type\s*/Catalog\b")
_START = re.compile(rb"startxref\s+(\d+)")
# A table of objects, or the object that holds one.
_TABLE = re.compile(rb"\s*(?:xref|\d+\s+\d+\s+obj)\b")


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
