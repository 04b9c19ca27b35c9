"""Pages of a PDF that are pictures, read by rapidocr where the `ocr` extra is installed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from statistics import median
from typing import TYPE_CHECKING, Any

from .document import Box
from .pdf_page import Page
from .pdf_pieces import Piece

if TYPE_CHECKING:
    import pypdfium2
    from PIL.Image import Image

# The longer side of the picture that is made of a page; A4 has 200 points an inch then.
_PIXELS = 2_300
# A limit: 288 dots an inch for small pages; more would only enlarge what is there.
_LARGEST_SCALE = 4.0
# A larger image in the file is not decoded: it would take more memory than a page can need.
_IMAGE_PIXELS = 100_000_000
# Heights of lines that differ by less are of one type: ascenders and descenders vary.
_ALIKE = 0.3
# The height of a line as it is seen, in sizes of its type.
_SEEN_HEIGHT = 1.1
# Below, what was recognised is more often wrong than right.
_LEAST_SCORE = 0.6
# Two cores are what the project is measured on; more threads slow a busy machine down.
_THREADS = 2


def with_recognised(
    pdf: pypdfium2.PdfDocument, pages: Sequence[Page], *, allowed: bool
) -> list[Page]:
    """The pages, with the words of those that are pictures, where OCR is allowed and installed."""
    if not allowed or not can_recognise():
        return list(pages)
    return [_recognised(pdf, page) if page.pictured else page for page in pages]


def _recognised(pdf: pypdfium2.PdfDocument, page: Page) -> Page:
    if page.marks.image_pixels > _IMAGE_PIXELS:
        return page
    width, height = page.frame.size(page.shown)
    scale = min(_PIXELS / max(width, height), _LARGEST_SCALE)
    if min(width, height) * scale < 1:
        return page
    lines = _seen(pdf, page.number, scale)
    if not lines:
        return page
    usual = median(line.box[3] - line.box[1] for line in lines) / scale
    pieces = tuple(_piece(line, page.number, scale, usual) for line in lines)
    return replace(
        page, read=page.shown, pieces=pieces, labels=(), aside=(), unknown=0, recognised=True
    )


def _seen(pdf: pypdfium2.PdfDocument, number: int, scale: float) -> list[SeenLine]:
    page = pdf[number - 1]
    try:
        bitmap = page.render(scale=scale)
        try:
            return recognise(bitmap.to_pil())
        finally:
            bitmap.close()
    finally:
        page.close()


def _piece(line: SeenLine, page: int, scale: float, usual: float) -> Piece:
    left, top, right, bottom = (side / scale for side in line.box)
    height = bottom - top
    alike = abs(height - usual) < _ALIKE * usual
    return Piece(
        line.text, page, (left, top, right, bottom), (usual if alike else height) / _SEEN_HEIGHT
    )


@dataclass(frozen=True, slots=True)
class SeenLine:
    """A line of words seen on a picture; box: left, top, right, bottom in its pixels."""

    text: str
    box: Box


def can_recognise() -> bool:
    """Whether the `ocr` extra is installed."""
    return find_spec("rapidocr") is not None


def recognise(picture: Image) -> list[SeenLine]:
    """The lines of Chinese and English words on a picture, in no order that matters.

    Raises ImportError where the `ocr` extra is not installed. Nothing is fetched.
    """
    import numpy as np

    found = _engine()(np.asarray(picture.convert("RGB"))[:, :, ::-1])
    if found.boxes is None:
        return []
    lines: list[SeenLine] = []
    for corners, text, score in zip(found.boxes, found.txts, found.scores, strict=True):
        words = " ".join(text.split())
        if words and score >= _LEAST_SCORE:
            lefts, tops = [float(x) for x, _ in corners], [float(y) for _, y in corners]
            lines.append(SeenLine(words, (min(lefts), min(tops), max(lefts), max(tops))))
    return lines


@cache
def _engine() -> Any:
    """The recogniser, loaded once; it takes about a second and 300 MB."""
    from rapidocr import RapidOCR

    return RapidOCR(
        params={
            "Global.log_level": "critical",
            "EngineConfig.onnxruntime.intra_op_num_threads": _THREADS,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )
