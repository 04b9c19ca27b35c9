"""Tables of every format as rows that make sense alone: "Header: cell; Header: cell"."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from .document import Block

# Columns of characters (a Chinese one is two wide): no header is longer, no label.
_HEADER = 60
# Half of that: labels of forms.
_LABEL = 30
# A cell that holds more is a part of the page's layout rather than a value.
_LAYOUT_CHARS = 1_000
# HTML may ask for more columns than any page has; each would take memory.
_SPAN = 100
_FIGURE = re.compile(
    r"[-+−–±~<>≤≥=]?\s*[$€£¥￥]?\s*\d[\d.,:/*×\s年月日-]*\s*(?:%|‰|[万亿元]+|[A-Za-z]{1,3})?"
)
_YEAR = re.compile(r"(?:19|20)\d\d\s*(?:[-–/]\s*\d{2,4}\s*)?年?度?")
_SENTENCE_END = re.compile(r"[。！？!?]|[.](?:\s|$)")

# None: the cell goes on from the column before (it spans several).
Row = Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell; width and height: how many columns and rows it spans."""

    blocks: tuple[Block, ...]
    width: int = 1
    height: int = 1


def table_blocks(rows: Sequence[Sequence[Cell]], headers: int | None = None) -> list[Block]:
    """A table as blocks of the kind "row"; one that only lays out a page as what its cells hold.

    headers: how many rows at the top name the columns; None where the format does not say. A
    table inside a cell follows the row that it stands in.
    """
    rows = [row for row in rows if row]
    if _is_layout(rows):
        return [block for row in rows for cell in row for block in cell.blocks]
    if max((sum(cell.width for cell in row) for row in rows), default=0) < 2:
        headers = headers or 0
    blocks: list[Block] = []
    grid = _spread(rows)
    is_form = not headers and _is_form(grid)
    told = [_form_row(row) for row in grid] if is_form else row_sentences(grid, headers)
    for row, sentence in zip(rows, told, strict=True):
        if sentence:
            blocks.append(Block("row", sentence))
        blocks += [block for cell in row for block in cell.blocks if block.kind == "row"]
    return blocks


def row_sentences(rows: Sequence[Row], headers: int | None = None) -> list[str]:
    """A line for each row; "" for rows without words and for those that name the columns.

    headers: as in `table_blocks`; a table of nothing else keeps its last row as a row.
    """
    count = header_rows(rows) if headers is None else max(0, min(headers, len(rows) - 1))
    names = column_names(rows[:count])
    return [""] * count + [row_sentence(row, names) for row in rows[count:]]


def row_sentence(row: Row, names: Sequence[str] = ()) -> str:
    """A row on one line, each cell after the name of its column.

    A row that spans all columns stands alone; of two cells without names a short first one
    names the second.
    """
    cells = [(i, word) for i, word in enumerate(row) if word]
    if len(cells) == 1 and len(row) > 1 and all(word is None for word in row[1:]):
        return cells[0][1]
    if any(names):
        return "; ".join(_named(_name(names, row, i), word) for i, word in cells)
    if len(row) == 2 and len(cells) == 2 and _width(cells[0][1]) <= _LABEL:
        return _named(cells[0][1], cells[1][1])
    return "; ".join(word for _, word in cells)


def header_rows(rows: Sequence[Row], *, likely: bool = False) -> int:
    """Whether the first row names the columns, as far as its words and theirs tell: 0 or 1.

    likely: most tables of this format have such a row, also over nothing but words.
    """
    if len(rows) < 2 or len(rows[0]) < 2:
        return 0
    first, rest = rows[0], rows[1:]
    # Some programs end every row with a delimiter.
    columns = [column for column in zip_longest(*rows) if any(column)]
    if len(columns) < len(first):
        first, *rest = [list(row) for row in zip(*columns, strict=True)] or [[]]
        if len(first) < 2:
            return 0
    # The corner above a column of labels is often empty.
    named = first[0 if first[0] else 1 :]
    words = [word for word in named if word]
    if len(words) < len(named) or len(set(words)) < len(words):
        return 0
    if _names_years(first, rest):
        return 1
    if any(is_figure(word) or _width(word) > _HEADER for word in words):
        return 0
    if any(_SENTENCE_END.search(word) for word in words):
        return 0
    columns = list(zip(*(row for row in rest if len(row) == len(first)), strict=True))
    if any(_figures(column) for column in columns):
        return 1
    # Names are not repeated below them; two columns of words are labels and what they say.
    again = any(name in column for name, column in zip(first, columns, strict=False) if name)
    return int((likely or len(first) > 2) and not again)


def _names_years(first: Row, rest: Sequence[Row]) -> bool:
    """Whether the first row names the years, in their order, of the values below."""
    at = [i for i, word in enumerate(first) if word and is_figure(word)]
    years = [first[i] or "" for i in at if _YEAR.fullmatch(first[i] or "")]
    if len(years) < 2 or len(years) < len(at) or at[0] == 0:
        return False
    below = [row[i] or "" for row in rest for i in at if i < len(row) and row[i]]
    # People with the years of their births and deaths are no such values.
    is_dates = 2 * sum(_YEAR.fullmatch(word) is not None for word in below) >= len(below)
    return not is_dates and years in (sorted(years), sorted(years, reverse=True))


def column_names(rows: Sequence[Row]) -> list[str]:
    """What each column is called: the words above it, from the top, each once."""
    width = max(map(len, rows), default=0)
    names: list[list[str]] = [[] for _ in range(width)]
    for row in rows:
        word = ""
        for i in range(width):
            here = row[i] if i < len(row) else ""
            word = word if here is None else here
            if word and word not in names[i]:
                names[i].append(word)
    return [join_words(words) for words in names]


def one_line_of(blocks: Sequence[Block]) -> str:
    """The words of a cell's blocks on one line, without those of a table inside it."""
    words = [block.text.replace("\n", " ") for block in blocks if block.kind != "row"]
    return join_words(words)


def join_words(words: Sequence[str]) -> str:
    """Words with spaces between them, except between Chinese ones."""
    joined = ""
    for word in words:
        wide = joined and word and is_wide(joined[-1]) and is_wide(word[0])
        joined += ("" if wide or not joined or not word else " ") + word
    return joined


def is_figure(words: str) -> bool:
    """Whether a cell holds a number, with its sign and unit, and nothing else."""
    return _FIGURE.fullmatch(words) is not None


def is_wide(character: str) -> bool:
    """Whether it takes two columns, as Chinese characters and punctuation do."""
    return unicodedata.east_asian_width(character) in "WF"


def _is_layout(rows: Sequence[Sequence[Cell]]) -> bool:
    cells = [cell for row in rows for cell in row]
    if any(block.kind == "heading" for cell in cells for block in cell.blocks):
        return True
    sizes = [sum(len(b.text) for b in cell.blocks if b.kind != "row") for cell in cells]
    if any(size > _LAYOUT_CHARS for size in sizes):
        return True
    filled = [cell for cell, size in zip(cells, sizes, strict=True) if size]
    if not filled:
        return True  # all that it holds are the tables inside it
    if all(sum(map(bool, map(one_line_of, (c.blocks for c in row)))) < 2 for row in rows):
        # Nothing stands beside anything: parts of a page, one below the other.
        return any(len(cell.blocks) > 1 for cell in filled)
    if any(sum(cell.width for cell in row) > 1 for row in rows):
        return len(rows) == 1 and any(size > _HEADER for size in sizes)
    return any(_width(one_line_of(cell.blocks)) > _HEADER for cell in cells)


def _is_form(rows: Sequence[Row]) -> bool:
    """Whether labels stand before what they name, several in a row, as in forms."""
    pairs = [row for row in rows if sum(map(bool, row)) > 1]
    if len(pairs) < 2:
        return False
    labels = [row for row in pairs if (next(filter(None, row)) or "")[-1] in ":："]
    if 2 * len(labels) >= len(pairs) and any(
        word and word[-1] not in ":：" for row in labels for word in row
    ):
        return True
    # Values that go on to the end of the row, under names that do not.
    first, *rest = rows
    wide = [row for row in rest if row[-1] is None and row[0] and row[1] is not None]
    return first[-1] is not None and 3 * len(wide) > len(rest)


def _form_row(row: Row) -> str:
    """A row of a form: every other cell names the one after it."""
    cells = [word for word in row if word is not None]
    if sum(map(bool, cells)) == 1:
        return "".join(cells)
    told = []
    for label, word in zip_longest(cells[::2], cells[1::2], fillvalue=""):
        is_label = label and word and _width(label) <= _LABEL and not is_figure(label)
        told += [_named(label, word)] if is_label else [label, word]
    return "; ".join(filter(None, told))


def _spread(rows: Sequence[Sequence[Cell]]) -> list[list[str | None]]:
    """As many cells in each row as there are columns; what spans rows is said in each."""
    grid: list[list[str | None]] = []
    # By column: the words that go on below, whether they are the first column's, for how long.
    open_cells: dict[int, tuple[str | None, int]] = {}
    for row in rows:
        words: dict[int, str | None] = {i: word for i, (word, _) in open_cells.items()}
        below = {i: (word, left - 1) for i, (word, left) in open_cells.items() if left > 1}
        at = 0
        for cell in row:
            while at in words:
                at += 1
            text = one_line_of(cell.blocks)
            for i in range(at, at + max(1, min(cell.width, _SPAN))):
                words[i] = text if i == at else None
                if cell.height > 1:
                    below[i] = (words[i], cell.height - 1)
            at += max(1, min(cell.width, _SPAN))
        open_cells = below
        grid.append([words.get(i, "") for i in range(max(words, default=-1) + 1)])
    width = max(map(len, grid), default=0)
    return [[*row, *[""] * (width - len(row))] for row in grid]


def _figures(column: Sequence[str | None]) -> bool:
    words = [word for word in column if word]
    return bool(words) and sum(is_figure(word) for word in words) >= 0.6 * len(words)


def _name(names: Sequence[str], row: Row, at: int) -> str:
    """The name of a cell's columns; of several, the first and the last."""
    end = at + 1
    while end < len(row) and row[end] is None:
        end += 1
    own = [name for name in names[at:end] if name]
    return own[0] if len(own) == 1 else f"{own[0]} – {own[-1]}" if own else ""


def _named(name: str, word: str) -> str:
    name = name.rstrip(":： ")
    if not name:
        return word
    return f"{name}：{word}" if is_wide(name[-1]) else f"{name}: {word}"


def _width(words: str) -> int:
    return sum(2 if is_wide(c) else 1 for c in words)
