"""The order in which a page is read: its columns, the tables between, the lines of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from statistics import median, quantiles

from .document import Box
from .pdf_pieces import Piece, merged, overlap, union
from .pdf_tables import Table, read_table, wrapped_below
from .tables import is_wide

# A gap between columns is this wide at least, as a share of the size of the type; where a line is
# drawn, it need not be.
_GAP = 0.9
# How many lines stand on both sides of it.
_LINES = 3
# Lines of prose hold as many columns of characters (a Chinese one is two wide); shorter ones are
# cells, labels, remarks beside code.
_PROSE = 24
_TRIES = 6
# A page of more pieces than this is a drawing; its lines are read as they stand.
_MOST = 3_000


@dataclass(frozen=True, slots=True)
class Column:
    """Lines from top to bottom, and between where they could stand."""

    lines: tuple[Piece, ...]
    left: float
    right: float


Part = Column | Table


@dataclass(frozen=True, slots=True)
class _Cut:
    """A strip without text that parts what stands left and right of x, from top to bottom.

    score: along how many points text stands on both sides. longest: of the strips that part the
    same text, the one that goes furthest beside text on one side.
    """

    x: float
    top: float
    bottom: float
    score: float
    longest: _Cut | None = None


def arrange(pieces: Sequence[Piece], rules: Sequence[Box] = ()) -> list[Part]:
    """Columns and tables in reading order: what goes across, then the left, then the right."""
    if not pieces:
        return []
    for cut in _cuts(pieces, rules) if len(pieces) < _MOST else ():
        above, inside, below = _bands(pieces, cut)
        if table := read_table(inside, rules):
            further = wrapped_below(inside, below, rules)
            rest = [p for p in below if p not in further]
            table = (read_table([*inside, *further], rules) if further else None) or table
            return [*arrange(above, rules), table, *arrange(rest, rules)]
        above, inside, below = _bands(pieces, cut.longest or cut)
        left = [p for p in inside if p.left + p.right < 2 * cut.x]
        right = [p for p in inside if p.left + p.right >= 2 * cut.x]
        if _is_prose(left) and _is_prose(right):
            parts = (above, left, right, below)
            return [part for some in parts for part in arrange(some, rules)]
    return [_column(pieces)]


def _cuts(pieces: Sequence[Piece], rules: Sequence[Box]) -> list[_Cut]:
    """Strips that may part columns, the best first."""
    size = median(piece.size for piece in pieces)
    half = _GAP * size / 2
    # Half a point is exact enough, and bounds how many there are.
    spots = [(ceil(2 * (p.right + half)) / 2, half) for p in pieces]
    spots += [(round(2 * rule[0]) / 2, 0.0) for rule in rules]
    cuts: list[_Cut] = []
    for x, half_width in dict(spots).items():
        cuts += _free(pieces, x, half_width)
    cuts.sort(key=lambda cut: (-round(cut.score), cut.bottom - cut.top))
    # Of strips that part the same stretch, one is enough.
    kept: list[_Cut] = []
    for cut in cuts:
        if all(not _alike(cut, other, size) for other in kept):
            same = [c for c in cuts if abs(c.score - cut.score) < 1 and _alike(c, cut, size)]
            kept.append(replace(cut, longest=max(same, key=lambda c: c.bottom - c.top)))
        if len(kept) == _TRIES:
            break
    return kept


def _alike(cut: _Cut, other: _Cut, size: float) -> bool:
    shared = overlap(cut.top, cut.bottom, other.top, other.bottom)
    return shared >= 0.9 and abs(cut.x - other.x) <= 4 * size


def _bands(pieces: Sequence[Piece], cut: _Cut) -> tuple[list[Piece], list[Piece], list[Piece]]:
    """What stands above a cut, beside it and below it."""
    above = [p for p in pieces if p.bottom <= cut.top]
    inside = [p for p in pieces if p.bottom > cut.top and p.top < cut.bottom]
    return above, inside, [p for p in pieces if p.top >= cut.bottom]


def _free(pieces: Sequence[Piece], x: float, half: float) -> list[_Cut]:
    """The stretches of a vertical strip in which no text stands, with text on both sides."""
    left, right = x - half + 0.05, x + half - 0.05
    walls = sorted((p.top, p.bottom) for p in pieces if p.left < right and p.right > left)
    cuts: list[_Cut] = []
    top = float("-inf")
    for upper, lower in [*walls, (float("inf"), float("inf"))]:
        if upper > top:
            inside = [p for p in pieces if p.middle > top and p.middle < upper]
            cuts += _scored(inside, x)
        top = max(top, lower)
    return cuts


def _scored(pieces: Sequence[Piece], x: float) -> list[_Cut]:
    left = [p for p in pieces if p.right <= x + 1]
    right = [p for p in pieces if p.left >= x - 1]
    if min(len(left), len(right)) < _LINES:
        return []
    a, b = union(left), union(right)
    top, bottom = max(a[1], b[1]), min(a[3], b[3])
    beside = [[p for p in side if p.bottom > top and p.top < bottom] for side in (left, right)]
    if min(len({round(p.middle) for p in side}) for side in beside) < _LINES:
        return []
    return [_Cut(x, min(a[1], b[1]), max(a[3], b[3]), bottom - top)]


def _is_prose(pieces: Sequence[Piece]) -> bool:
    """Whether lines are as long as those of running text are."""
    widths = [line_width(line.text) for line in make_lines(pieces)]
    if len(widths) < 2:
        return sum(widths) >= _PROSE
    return quantiles(widths, n=4)[2] >= _PROSE


def line_width(text: str) -> int:
    """How many columns of characters a line has: a Chinese one is two wide."""
    return sum(2 if is_wide(char) else 1 for char in text)


def make_lines(pieces: Sequence[Piece]) -> list[Piece]:
    """The lines of one column, from top to bottom."""
    rows: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda p: p.middle):
        # A raised note mark is smaller than its line and stands higher.
        for row in reversed(rows[-4:]):
            box = union(row)
            if overlap(piece.top, piece.bottom, box[1], box[3]) >= 0.5 and not any(
                overlap(piece.left, piece.right, other.left, other.right) > 0.3 for other in row
            ):
                row.append(piece)
                break
        else:
            rows.append([piece])
    lines = [merged(sorted(row, key=lambda p: p.left)) for row in rows]
    return sorted(lines, key=lambda line: line.middle)


def _column(pieces: Sequence[Piece]) -> Column:
    box = union(pieces)
    return Column(tuple(make_lines(pieces)), box[0], box[2])
