"""One page of a PDF, read: its words, what is drawn on it, what stands apart from its text."""

from __future__ import annotations

from collections.abc import Sequence
from ctypes import c_float, c_uint
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pypdfium2.raw as pdfium

from .document import Box
from .pdf_glyphs import Frame, Glyph, page_frame, read_glyphs
from .pdf_order import line_width
from .pdf_pieces import Piece, make_pieces

if TYPE_CHECKING:
    import pypdfium2

# Lines as long as this, in columns of characters, are prose wherever they stand.
_PROSE = 40
# The longest page number or stamp that may stand on a page that is a picture.
_STAMP = 16
# The share of a page under images from which on a page without words is a scan.
_PICTURE = 0.1
# So many drawn paths on a page without words are letters drawn as outlines.
_OUTLINES = 200
# Beyond, a drawing is so fine that more of it tells nothing.
_OBJECTS = 20_000
# A limit: forms in forms; a form may hold itself.
_DEPTH = 3
# A limit: objects of a form that are looked at for the largest image.
_INSIDE = 100
# In points. What is wider is a bar, what is lower a dash.
_RULE_WIDTH = 3.0
# In points: less than a line of type.
_RULE_HEIGHT = 6.0
# In points: six lines of type; higher boxes frame text rather than cells.
_CELL_HEIGHT = 80.0


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it is read; `read` and `shown`: quarter turns, see Frame.

    pieces: its text, in the order of the file. labels: words of its figures. aside: words that
    stand at another angle. unknown: how many characters had no known meaning.
    """

    number: int
    frame: Frame
    read: int
    shown: int
    marks: Marks
    pieces: tuple[Piece, ...] = ()
    labels: tuple[Piece, ...] = ()
    aside: tuple[Piece, ...] = ()
    unknown: int = 0
    recognised: bool = False

    @property
    def width(self) -> float:
        """In points, in the direction in which it is read."""
        return self.frame.size(self.read)[0]

    @property
    def height(self) -> float:
        """In points, in the direction in which it is read."""
        return self.frame.size(self.read)[1]

    @property
    def chars(self) -> int:
        """How many characters stand on it."""
        return sum(len(p.text) for p in (*self.pieces, *self.labels, *self.aside))

    @property
    def pictured(self) -> bool:
        """Whether its words are to be seen only: on an image, drawn, or in an unknown code."""
        if self.unknown > self.chars:
            return True
        drawn = self.marks.image_share >= _PICTURE or self.marks.drawn >= _OUTLINES
        return drawn and self.chars <= _STAMP

    def share(self, box: Box) -> Box:
        """A box of this page as shares of the page as it is shown."""
        return self.frame.share(box, self.read, self.shown)


def read_page(page: pypdfium2.PdfPage, number: int) -> Page:
    """What stands on a page; its number counts from 1."""
    frame = page_frame(page)
    text = page.get_textpage()
    try:
        glyphs = read_glyphs(page, text, frame)
    finally:
        text.close()
    marks = read_marks(page, frame, glyphs.quarters)
    straight = [g for g in glyphs.found if g.style.quarters == glyphs.quarters]
    turned = [g for g in glyphs.found if g.style.quarters != glyphs.quarters]
    inner = [g for g in straight if g.style.inner]
    if 2 * len(inner) > len(straight):
        inner = []  # the whole page is in a form: that makes no figure of it
    within = make_pieces(inner, number)
    if _is_prose(within):
        inner, within = [], []
    kept = [g for g in straight if not g.style.inner] if inner else straight
    pieces = make_pieces(kept, number, marks.rules)
    return Page(
        number,
        frame,
        glyphs.quarters,
        page.get_rotation() // 90,
        marks,
        tuple(pieces),
        tuple(_legible(within)),
        tuple(_aside(turned, frame, glyphs.quarters, number)),
        glyphs.unknown,
    )


def _legible(labels: Sequence[Piece]) -> list[Piece]:
    """The labels that are words; the fonts of figures often have codes that mean nothing."""
    words = [p for p in labels if 2 * sum(c.isalpha() for c in p.text) > len(p.text)]
    return words if 2 * len(words) > len(labels) else []


def _is_prose(pieces: Sequence[Piece]) -> bool:
    return sum(line_width(p.text) >= _PROSE for p in pieces) * 5 > len(pieces)


def _aside(turned: Sequence[Glyph], frame: Frame, read: int, page: int) -> list[Piece]:
    """Words at another angle, in the file's order: what is upright to them need not be straight."""
    runs: list[list[Glyph]] = []
    for glyph in turned:
        if runs and not glyph.breaks and glyph.style == runs[-1][-1].style:
            runs[-1].append(glyph)
        else:
            runs.append([glyph])
    found: list[Piece] = []
    for run in runs:
        text = "".join(" " * (g.spaced and i > 0) + g.char for i, g in enumerate(run))
        around = (
            min(g.left for g in run),
            min(g.top for g in run),
            max(g.right for g in run),
            max(g.bottom for g in run),
        )
        style = run[0].style
        box = frame.turned(read, frame.back(max(style.quarters, 0), around))
        found.append(Piece(text, page, box, style.size, style.font))
    return found


@dataclass(frozen=True, slots=True)
class Marks:
    """Boxes in the frame that was asked for; image_share: of the page under images, 0.0 to 1.0.

    image_pixels: of the largest image, as the file says; nothing is decoded. drawn: how many
    paths there are.
    """

    rules: tuple[Box, ...] = ()
    image_share: float = 0.0
    image_pixels: int = 0
    drawn: int = 0


def read_marks(page: pypdfium2.PdfPage, frame: Frame, quarters: int) -> Marks:
    """What is drawn on a page."""
    rules: list[Box] = []
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
    return Marks(tuple(rules), min(share, 1.0), pixels, drawn)


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
