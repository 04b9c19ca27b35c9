"""The order in which a page is read: its columns, the tables between, the lines of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil
from statistics import median, quantiles

from .document import Box
from .pdf_pieces import Piece, merged, overlap, union
from .tables import header_rows, is_figure, is_wide, row_sentence

# A gap between columns is this wide at least, as a share of the size of the type; where a line is
# drawn, it need not be.
_GAP = 0.9
# How many lines stand on both sides of it.
_LINES = 3
# Lines of prose hold as many columns of characters (a Chinese one is two wide); shorter ones are
# cells, labels, remarks beside code.
_PROSE = 24
# A limit: the best strips are tried first, and each costs a look at all pieces.
_TRIES = 6
# A page of more pieces than this is a drawing; its lines are read as they stand.
_MOST = 3_000
# Fewer rows, or rows less full, or cells less well aligned, are labels beside remarks.
_ROWS = 3
# The share of rows in which half of the cells are filled.
_FULL = 0.6
# The share of a column's cells that begin, end or centre at one place.
_ALIGNED = 0.7
# From one line of a cell to the next, as a share of the size of the type.
_CLOSE = 0.4
# Columns of characters (a Chinese one is two wide) in a cell; prose in columns is wider.
_SHORT = 22

Row = tuple[Piece | None, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """Lines from top to bottom, and between where they could stand."""

    lines: tuple[Piece, ...]
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, each with as many as there are columns; None where a cell is empty."""

    rows: tuple[Row, ...]


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
    box = union(pieces)
    return [Column(tuple(make_lines(pieces)), box[0], box[2])]


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


def read_table(pieces: Sequence[Piece], rules: Sequence[Box] = ()) -> Table | None:
    """The table that these pieces make up; None where they are no table."""
    rows = _rows(pieces)
    columns = _columns(pieces, rules)
    if len(rows) < _ROWS or len(columns) < 2:
        return None
    table = [_cells(row, columns) for row in rows]
    table = _unwrapped(table)
    if len(table) < _ROWS or not _looks_like_one(table):
        return None
    if not _drawn(pieces, rules) and not _aligned(table):
        return None
    return Table(tuple(tuple(row) for row in table))


def wrapped_below(
    pieces: Sequence[Piece], below: Sequence[Piece], rules: Sequence[Box] = ()
) -> list[Piece]:
    """What stands right below a table and goes on with cells of its last row."""
    columns = _columns(pieces, rules)
    bottom = max(p.bottom for p in pieces)
    found: list[Piece] = []
    for piece in sorted(below, key=lambda p: p.top):
        within = [a for a, b in columns if piece.left < b and piece.right > a]
        if (
            piece.top - bottom > _CLOSE * piece.size
            or len(within) != 1
            or within[0] == columns[0][0]
        ):
            break
        found.append(piece)
        bottom = max(bottom, piece.bottom)
    return found


def sentences(table: Table) -> list[tuple[str, list[tuple[int, int, Piece]]]]:
    """A line a row, "Header: cell; Header: cell", with where each cell's words stand in it."""
    names, rows = _headed(table.rows)
    return [_sentence(row, names) for row in rows if any(row)]


def _sentence(row: Row, names: Sequence[str]) -> tuple[str, list[tuple[int, int, Piece]]]:
    text = row_sentence(_words(row), names)
    places: list[tuple[int, int, Piece]] = []
    at = 0
    for i, cell in enumerate(row):
        if cell is None:
            continue
        # The name of a column may hold the words of the cell.
        at += len(row_sentence([cell.text], names[i : i + 1])) - len(cell.text)
        at = text.index(cell.text, at)
        places.append((at, at + len(cell.text), cell))
        at += len(cell.text) + 2
    return text, places


def _rows(pieces: Sequence[Piece]) -> list[list[Piece]]:
    rows: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda p: p.middle):
        box = union(rows[-1]) if rows else None
        if box and overlap(piece.top, piece.bottom, box[1], box[3]) >= 0.5:
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return rows


def _columns(pieces: Sequence[Piece], rules: Sequence[Box]) -> list[tuple[float, float]]:
    """From where to where the columns go: stretches that no strip without text parts."""
    # Lines that are drawn along the whole table part its columns, however near the cells are.
    drawn = _drawn(pieces, rules)
    columns: list[list[float]] = []
    least = 0.5 * median(piece.size for piece in pieces)
    for piece in sorted(pieces, key=lambda p: p.left):
        wall = columns and any(
            columns[-1][1] - 1 <= x <= piece.left + 1 for x in drawn if x > columns[-1][0]
        )
        if columns and piece.left < columns[-1][1] + least and not wall:
            columns[-1][1] = max(columns[-1][1], piece.right)
        else:
            columns.append([piece.left, piece.right])
    return [(left, right) for left, right in columns]


def _drawn(pieces: Sequence[Piece], rules: Sequence[Box]) -> list[float]:
    """Where lines stand that go between the pieces from top to bottom."""
    left, top, right, bottom = union(pieces)
    return sorted(
        rule[0]
        for rule in rules
        if left < rule[0] < right
        and min(rule[3], bottom) - max(rule[1], top) > 0.8 * (bottom - top)
    )


def _cells(row: Sequence[Piece], columns: Sequence[tuple[float, float]]) -> list[Piece | None]:
    cells: list[list[Piece]] = [[] for _ in columns]
    for piece in row:
        middle = (piece.left + piece.right) / 2
        nearest = min(
            range(len(columns)),
            key=lambda i: max(columns[i][0] - middle, middle - columns[i][1], 0),
        )
        cells[nearest].append(piece)
    return [merged(sorted(cell, key=lambda p: p.left)) if cell else None for cell in cells]


def _unwrapped(rows: list[list[Piece | None]]) -> list[list[Piece | None]]:
    """Rows with the further lines of their cells; such lines stand close and lack the first."""
    tops = [min(cell.top for cell in row if cell) for row in rows]
    steps = [after - before for before, after in pairwise(tops)]
    usual = median(steps) if steps else 0.0
    whole: list[list[Piece | None]] = []
    for i, row in enumerate(rows):
        filled = sum(cell is not None for cell in row)
        close = i > 0 and steps[i - 1] < 1.05 * usual
        if whole and row[0] is None and filled * 2 <= len(row) and close:
            whole[-1] = [_under(a, b) for a, b in zip(whole[-1], row, strict=True)]
        else:
            whole.append(row)
    return whole


def _under(above: Piece | None, below: Piece | None) -> Piece | None:
    if above is None or below is None:
        return above or below
    gap = "" if is_wide(above.text[-1]) and is_wide(below.text[0]) else " "
    text = above.text + gap + below.text
    return Piece(text, above.page, union((above, below)), above.size, above.font, above.bold)


def _looks_like_one(rows: Sequence[Sequence[Piece | None]]) -> bool:
    """Whether rows are full and cells short: two columns of prose are neither, side by side."""
    full = [sum(cell is not None for cell in row) / len(row) for row in rows]
    if sum(share >= 0.5 for share in full) < _FULL * len(rows):
        return False
    widths = [_usual_width(column) for column in zip(*rows, strict=True)]
    short = sum(width <= _SHORT for width in widths)
    if len(widths) == 2:
        # Two columns need figures in one of them: labels beside remarks are no table.
        return short >= 1 and any(_figures(column) for column in zip(*rows, strict=True))
    return short * 2 >= len(widths)


def _aligned(rows: Sequence[Sequence[Piece | None]]) -> bool:
    """Whether rows are nearly full and each column's cells begin, end or centre at one place."""
    if sum(None not in row for row in rows) < _ALIGNED * len(rows):
        return False
    for column in zip(*rows, strict=True):
        cells = [cell for cell in column if cell]
        near = 0.5 * median(cell.size for cell in cells)
        sides = (
            [cell.left for cell in cells],
            [cell.right for cell in cells],
            [(cell.left + cell.right) / 2 for cell in cells],
        )
        if not any(
            sum(abs(x - median(side)) < near for x in side) >= _ALIGNED * len(side)
            for side in sides
        ):
            return False
    return True


def _usual_width(column: Sequence[Piece | None]) -> float:
    widths = [
        sum(2 if is_wide(char) else 1 for char in cell.text) for cell in column if cell is not None
    ]
    return median(widths) if widths else 0.0


def _figures(column: Sequence[Piece | None]) -> bool:
    cells = [cell for cell in column if cell is not None]
    return sum(is_figure(cell.text) for cell in cells) >= 0.6 * max(len(cells), 2)


def _headed(rows: Sequence[Row]) -> tuple[list[str], Sequence[Row]]:
    """What the columns are called, [] where nothing says so, and the rows beneath."""
    first, rest = rows[0], rows[1:]
    numeric = [_figures(column) for column in zip(*rest, strict=True)]
    named = [cell is not None and not is_figure(cell.text) for cell in first]
    if (part := _continued(first, numeric, named)) is not None:
        return _words(first[:part]), _in_one(rows, part)
    bold = all(cell.bold for cell in first if cell) and not all(
        cell.bold for row in rest for cell in row if cell
    )
    if (bold and all(named)) or header_rows([_words(row) for row in rows]):
        return _words(first), rest
    return [], rows


def _words(row: Row) -> list[str]:
    return [cell.text if cell else "" for cell in row]


def _continued(first: Row, numeric: Sequence[bool], named: Sequence[bool]) -> int | None:
    """How many columns the table has, where more stand beside them and go on with its rows.

    Long lists are printed so: the columns at the right have no names, and figures where those at
    the left have them.
    """
    for part in range(2, len(first)):
        if len(first) - part > part or not all(named[:part]) or not any(numeric[:part]):
            continue
        if list(numeric[part:]) == list(numeric[: len(first) - part]) and all(
            cell is not None and is_figure(cell.text) == number
            for cell, number in zip(first[part:], numeric[part:], strict=True)
        ):
            return part
    return None


def _in_one(rows: Sequence[Row], part: int) -> list[Row]:
    missing: Row = (None,) * (2 * part - len(rows[0]))
    return [row[:part] for row in rows[1:]] + [(*row[part:], *missing) for row in rows]
