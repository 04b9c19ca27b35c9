"""One page of a PDF, read: its words, what is drawn on it, what stands apart from its text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from .document import Box
from .pdf_frame import Frame
from .pdf_glyphs import Glyph, page_frame, read_glyphs
from .pdf_marks import Marks, read_marks
from .pdf_order import line_width
from .pdf_pieces import Piece, make_pieces

if TYPE_CHECKING:
    import pypdfium2

# Lines as long as this, in columns of characters, are prose wherever they stand.
_PROSE = 40
# The longest page number or stamp that may stand on a page that is a picture.
_STAMP = 16
_PICTURE = 0.1
_OUTLINES = 200


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
    labels = _labels(pieces, marks.figures)
    return Page(
        number,
        frame,
        glyphs.quarters,
        page.get_rotation() // 90,
        marks,
        tuple(piece for piece in pieces if piece not in labels),
        tuple(_legible([*within, *labels])),
        tuple(_aside(turned, frame, glyphs.quarters, number)),
        glyphs.unknown,
    )


def _labels(pieces: Sequence[Piece], figures: Sequence[Box]) -> list[Piece]:
    """Words that stand in figures, unless these frame prose."""
    found: list[Piece] = []
    for left, top, right, bottom in figures:
        inside = [
            p
            for p in pieces
            if left <= (p.left + p.right) / 2 <= right and top <= p.middle <= bottom
        ]
        if inside and not _is_prose(inside) and not _is_grid(inside):
            found += inside
    return found


def _legible(labels: Sequence[Piece]) -> list[Piece]:
    """The labels that are words; the fonts of figures often have codes that mean nothing."""
    words = [p for p in labels if 2 * sum(c.isalpha() for c in p.text) > len(p.text)]
    return words if 2 * len(words) > len(labels) else []


def _is_prose(pieces: Sequence[Piece]) -> bool:
    return sum(line_width(p.text) >= _PROSE for p in pieces) * 5 > len(pieces)


def _is_grid(pieces: Sequence[Piece]) -> bool:
    """Whether the pieces stand in rows, as the cells of a table with lines around them do."""
    heights = sorted(p.middle for p in pieces)
    rows = 1 + sum(b - a > 2 for a, b in pairwise(heights))
    return len(pieces) >= 6 and len(pieces) >= 2 * rows


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
