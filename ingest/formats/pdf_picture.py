"""A page of a PDF as a picture, with the lines that are wanted marked."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ingest.refusing import DocumentError

from .document import Box, ReadOptions
from .pdf import opened_pdf

if TYPE_CHECKING:
    import pypdfium2

# The usual width of the picture, twice what the panel shows it at: screens have small pixels.
_WIDTH = 1_200
# A page may be a mile high; more than this is not drawn of any.
_PIXELS = 3_000_000
# What a marker pen leaves of red, green and blue; and by how much it is broader than the line.
_INK = (1.0, 0.9, 0.45)
# Pixels by which a mark is broader than the line it stands on.
_MARGIN = 3
# So many colours are enough to find a place by, in a quarter of the bytes.
_COLOURS = 128


def page_picture(
    data: bytes, name: str, number: int, marks: Sequence[Box], options: ReadOptions
) -> bytes:
    """Page `number`, from 1, as a PNG at most 1,200 pixels wide, with these boxes tinted.

    Raises DocumentError as `read_pdf`, and "no_page". Meant for the child process, as that is.
    """
    import pypdfium2

    with opened_pdf(data, name, options) as pdf:
        if not 1 <= number <= len(pdf):
            raise DocumentError("no_page", name, page=number)
        try:
            page = pdf[number - 1]
            try:
                pixels = _drawn(page)
            finally:
                page.close()
        except pypdfium2.PdfiumError as error:
            raise DocumentError("no_page", name, page=number) from error
    return _png(pixels, marks)


def _drawn(page: pypdfium2.PdfPage) -> Any:
    """The page as an array (height, width, 3) of RGB, 0 to 255."""
    width, height = page.get_size()
    most = math.sqrt(_PIXELS / max(width * height, 1.0))
    bitmap = page.render(scale=min(_WIDTH / max(width, 1.0), most), rev_byteorder=True)
    try:
        return bitmap.to_numpy()[..., :3].copy()
    finally:
        bitmap.close()


def _png(pixels: Any, marks: Sequence[Box]) -> bytes:
    import numpy as np
    from PIL import Image

    height, width = pixels.shape[:2]
    marked = np.zeros((height, width), dtype=bool)
    for left, top, right, bottom in marks:
        rows = slice(max(int(top * height) - _MARGIN, 0), math.ceil(bottom * height) + _MARGIN)
        columns = slice(max(int(left * width) - _MARGIN, 0), math.ceil(right * width) + _MARGIN)
        marked[rows, columns] = True
    pixels[marked] = (pixels[marked] * np.array(_INK)).astype(np.uint8)
    # So many colours are enough to find a place by, in a quarter of the bytes.
    few = Image.fromarray(pixels).quantize(
        _COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE
    )
    out = io.BytesIO()
    few.save(out, "PNG")
    return out.getvalue()
