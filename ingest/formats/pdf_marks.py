"""What is drawn on a PDF page beside text: vertical lines, figures, images."""

from __future__ import annotations

from ctypes import c_float, c_uint
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pypdfium2.raw as pdfium

from .document import Box
from .pdf_frame import Frame

if TYPE_CHECKING:
    import pypdfium2

# Beyond, a drawing is so fine that more of it tells nothing.
_OBJECTS = 20_000
_DEPTH = 3
_INSIDE = 100
_RULE_WIDTH = 3.0
_RULE_HEIGHT = 6.0
_CELL_HEIGHT = 80.0
# Drawings nearer to each other than this, in points, belong to one figure.
_NEAR = 14.0
_FIGURE_SIDE = 40.0
_FIGURE_PARTS = 4


@dataclass(frozen=True, slots=True)
class Marks:
    """Boxes in the frame that was asked for; image_share: of the page under images, 0.0 to 1.0.

    image_pixels: of the largest image, as the file says; nothing is decoded. drawn: how many
    paths there are.
    """

    rules: tuple[Box, ...] = ()
    figures: tuple[Box, ...] = ()
    image_share: float = 0.0
    image_pixels: int = 0
    drawn: int = 0


def read_marks(page: pypdfium2.PdfPage, frame: Frame, quarters: int) -> Marks:
    """What is drawn on a page."""
    rules: list[Box] = []
    parts: list[Box] = []
    figures: list[Box] = []
    share, pixels, drawn = 0.0, 0, 0
    width, height = frame.size(quarters)
    for kind, found, object_ in _objects(page):
        box = _inside(frame.turned(quarters, found), width, height)
        if box is None:
            continue
        wide, high = box[2] - box[0], box[3] - box[1]
        part = wide * high / (width * height)
        if kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            share += part
            pixels = max(pixels, _pixels(object_))
        elif kind == pdfium.FPDF_PAGEOBJ_FORM:
            inside = _pixels_inside(object_, _DEPTH)
            share += part if inside else 0.0
            pixels = max(pixels, inside)
        elif kind == pdfium.FPDF_PAGEOBJ_PATH:
            drawn += 1
            rules += _edges(box)
        # What covers most of a page is its ground, not a figure on it.
        if part < 0.6:
            if kind == pdfium.FPDF_PAGEOBJ_PATH:
                parts.append(box)
            elif min(wide, high) > _FIGURE_SIDE:
                figures.append(box)
    return Marks(tuple(rules), (*figures, *_clusters(parts)), min(share, 1.0), pixels, drawn)


def _objects(page: pypdfium2.PdfPage) -> list[tuple[int, Box, object]]:
    """Paths, images and forms with their boxes in points of PDF."""
    wanted = (pdfium.FPDF_PAGEOBJ_PATH, pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_FORM)
    found: list[tuple[int, Box, object]] = []
    sides = [c_float() for _ in range(4)]
    for i in range(min(pdfium.FPDFPage_CountObjects(page.raw), _OBJECTS)):
        object_ = pdfium.FPDFPage_GetObject(page.raw, i)
        kind = pdfium.FPDFPageObj_GetType(object_)
        if kind in wanted and pdfium.FPDFPageObj_GetBounds(object_, *sides):
            left, bottom, right, top = (side.value for side in sides)
            found.append((kind, (left, bottom, right, top), object_))
    return found


def _inside(box: Box, width: float, height: float) -> Box | None:
    left, top = max(box[0], 0.0), max(box[1], 0.0)
    right, bottom = min(box[2], width), min(box[3], height)
    return (left, top, right, bottom) if right >= left and bottom >= top else None


def _edges(box: Box) -> list[Box]:
    """The vertical lines of a path: itself, where it is thin, or the sides of a cell's box."""
    left, top, right, bottom = box
    if bottom - top < _RULE_HEIGHT:
        return []
    if right - left <= _RULE_WIDTH:
        return [box]
    if bottom - top <= _CELL_HEIGHT:
        return [(left, top, left, bottom), (right, top, right, bottom)]
    return []


def _pixels(object_: object) -> int:
    width, height = c_uint(), c_uint()
    if not pdfium.FPDFImageObj_GetImagePixelSize(object_, width, height):
        return 0
    return width.value * height.value


def _pixels_inside(form: object, depth: int) -> int:
    """Of the largest image in a form; a form may hold itself, so the search has a depth."""
    largest = 0
    for i in range(min(pdfium.FPDFFormObj_CountObjects(form), _INSIDE)):
        object_ = pdfium.FPDFFormObj_GetObject(form, i)
        kind = pdfium.FPDFPageObj_GetType(object_)
        if kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            largest = max(largest, _pixels(object_))
        elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth:
            largest = max(largest, _pixels_inside(object_, depth - 1))
    return largest


def _clusters(parts: list[Box]) -> list[Box]:
    """The boxes around drawings that stand close together and make up a figure."""
    groups: list[tuple[Box, int]] = []
    for part in parts:
        # A long thin line is a rule between columns, or above a footnote.
        if (
            min(part[2] - part[0], part[3] - part[1]) < 1
            and max(part[2] - part[0], part[3] - part[1]) > 150
        ):
            continue
        box, count = part, 1
        apart: list[tuple[Box, int]] = []
        for other, many in groups:
            if _close(box, other):
                box, count = _around(box, other), count + many
            else:
                apart.append((other, many))
        groups = [*apart, (box, count)]
        if len(groups) > 200:
            return []
    return [
        box
        for box, count in groups
        if count >= _FIGURE_PARTS and min(box[2] - box[0], box[3] - box[1]) > _FIGURE_SIDE
    ]


def _close(box: Box, other: Box) -> bool:
    return (
        box[0] - _NEAR < other[2]
        and other[0] - _NEAR < box[2]
        and box[1] - _NEAR < other[3]
        and other[1] - _NEAR < box[3]
    )


def _around(box: Box, other: Box) -> Box:
    return (
        min(box[0], other[0]),
        min(box[1], other[1]),
        max(box[2], other[2]),
        max(box[3], other[3]),
    )
