"""From characters to pieces: words that stand on one line without a wide gap."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from .document import Box
from .pdf_glyphs import SOFT_HYPHEN, Glyph
from .tables import is_wide

# As shares of the size of the type. A wider gap may part columns or the cells of a table.
_WIDE = 0.9
# A space is a quarter of the type's size in most fonts, and is set tighter in narrow lines.
_WORD = 0.22
# Where the file itself has a space, nearly any gap confirms it.
_NEAR = 0.04
# Chinese characters are set up to a quarter apart without a space being meant.
_HAN_WORD = 0.3
# A line counts as bold when all of it is; many a paragraph begins with bold words.
_BOLD = 0.99


@dataclass(frozen=True, slots=True)
class Piece:
    """Words on one line; left, top, right, bottom in points from the page's upper left corner.

    The page is seen in the direction in which most of its text is read. size: of the type, in
    points. bold: nearly all of it is.
    """

    text: str
    page: int
    box: Box
    size: float
    font: str = ""
    bold: bool = False

    @property
    def left(self) -> float:
        """Where it begins, in points."""
        return self.box[0]

    @property
    def top(self) -> float:
        """Its upper edge, in points."""
        return self.box[1]

    @property
    def right(self) -> float:
        """Where it ends, in points."""
        return self.box[2]

    @property
    def bottom(self) -> float:
        """Its lower edge, in points."""
        return self.box[3]

    @property
    def middle(self) -> float:
        """The height of its middle, in points from the top."""
        return (self.box[1] + self.box[3]) / 2


def make_pieces(glyphs: Iterable[Glyph], page: int, rules: Sequence[Box] = ()) -> list[Piece]:
    """Pieces in the order of the file; `rules`: vertical lines, which part the cells of tables."""
    pieces: list[Piece] = []
    run: list[Glyph] = []
    walls = _Walls(rules)
    for glyph in glyphs:
        if run and not _goes_on(run, glyph, walls):
            pieces.append(_piece(run, page))
            run = []
        run.append(glyph)
    if run:
        pieces.append(_piece(run, page))
    return [piece for piece in pieces if piece.text]


def overlap(top: float, bottom: float, other_top: float, other_bottom: float) -> float:
    """How much two stretches share, as a share of the shorter one."""
    shorter = min(bottom - top, other_bottom - other_top)
    return (min(bottom, other_bottom) - max(top, other_top)) / shorter if shorter > 0 else 0.0


def merged(pieces: Sequence[Piece]) -> Piece:
    """Pieces of one line, from left to right, as one."""
    if len(pieces) == 1:
        return pieces[0]
    text = pieces[0].text
    for before, after in pairwise(pieces):
        text += " " * _parted(before.text[-1], after.text[0], after.left - before.right, after.size)
        text += after.text
    main = max(pieces, key=lambda piece: len(piece.text))
    return Piece(text, main.page, union(pieces), main.size, main.font, _mostly_bold(pieces))


def union(pieces: Iterable[Piece]) -> Box:
    """The box around pieces."""
    lefts, tops, rights, bottoms = zip(*(piece.box for piece in pieces), strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


class _Walls:
    """Vertical lines, found by where they stand."""

    def __init__(self, rules: Sequence[Box]) -> None:
        self._rules = sorted(rules)
        self._lefts = [rule[0] for rule in self._rules]

    def between(self, before: Glyph, after: Glyph) -> bool:
        middle = (after.top + after.bottom) / 2
        first = bisect_left(self._lefts, (before.left + before.right) / 2)
        for rule in self._rules[first:]:
            if rule[0] > (after.left + after.right) / 2:
                return False
            if rule[1] < middle < rule[3]:
                return True
        return False


def _goes_on(run: Sequence[Glyph], glyph: Glyph, walls: _Walls) -> bool:
    before = run[-1]
    if overlap(before.top, before.bottom, glyph.top, glyph.bottom) < 0.4:
        return False
    size = max(before.style.size, glyph.style.size)
    gap = glyph.left - before.right
    return -size < gap < _WIDE * size and not walls.between(before, glyph)


def _parted(before: str, after: str, gap: float, size: float) -> bool:
    """Whether a space stands between two pieces of a line."""
    return gap > (_HAN_WORD if is_wide(before) or is_wide(after) else _NEAR) * size


def _piece(run: Sequence[Glyph], page: int) -> Piece:
    text = run[0].char
    for before, glyph in pairwise(run):
        gap = glyph.left - before.right
        size = max(before.style.size, glyph.style.size)
        wide = is_wide(before.char) or is_wide(glyph.char)
        if both := is_wide(before.char) and is_wide(glyph.char):
            least = _HAN_WORD
        else:
            least = _NEAR if glyph.spaced else _WORD
        # Between Chinese and Latin, type is often set apart by a quarter without a space meant.
        if gap > size * (max(least, _WORD) if wide and not both and not glyph.spaced else least):
            text += " "
        text += glyph.char
    # It is to be seen where a line is broken at it, and nowhere else.
    text = text[:-1].replace(SOFT_HYPHEN, "") + text[-1].replace(SOFT_HYPHEN, "-")
    sizes = Counter(glyph.style.size for glyph in run)
    fonts = Counter(glyph.style.font for glyph in run)
    box = (
        min(glyph.left for glyph in run),
        median(glyph.top for glyph in run),
        max(glyph.right for glyph in run),
        median(glyph.bottom for glyph in run),
    )
    # Type that was scaled by nothing that pdfium tells of is as large as its boxes.
    size = sizes.most_common(1)[0][0] or (box[3] - box[1]) / 1.2
    bold = sum(glyph.style.bold for glyph in run) >= _BOLD * len(run)
    return Piece(text, page, box, size, fonts.most_common(1)[0][0], bold)


def _mostly_bold(pieces: Sequence[Piece]) -> bool:
    bold = sum(len(piece.text) for piece in pieces if piece.bold)
    return bold >= _BOLD * sum(len(piece.text) for piece in pieces)
