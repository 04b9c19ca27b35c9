"""Tables in CSV and its kin, each row a sentence with the names of its columns."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Literal

from ingest.refusing import DocumentError

from .document import Block, Document, ReadOptions, assemble, clean
from .plain import decoded
from .tables import column_names, header_rows, row_sentence

# Excel's two, tab-separated files and databases' dumps.
_DELIMITERS = ",;\t|"
# A limit: so many rows tell the delimiter and whether the first names the columns.
_SAMPLE_ROWS = 50
# Excel writes which delimiter it used before the first row.
_SEPARATOR = re.compile(r"\s*sep=(.)\r?\n", re.I)


def read_csv(data: bytes, name: str, options: ReadOptions) -> Document:
    """The rows of a table; what stands in a single cell above them is text before it.

    Raises DocumentError where the rows come to more than `options.chars` characters.
    """
    # Cells may go on over line ends, which therefore stay; nothing else ends a line.
    lines = list(io.StringIO(decoded(data, name, options.charset)))
    try:
        blocks = _blocks(_rows(lines), name, options.chars)
    except csv.Error:
        # A quotation mark that nothing closes would make one cell of all that follows.
        blocks = _blocks(_rows(lines, is_quoted=False), name, options.chars)
    found, _, _ = assemble(blocks)
    return Document(found, "csv")


def _blocks(rows: Iterator[list[str]], name: str, limit: int) -> list[Block]:
    first = list(islice(rows, _SAMPLE_ROWS))
    blocks: list[Block] = []
    wide = any(sum(map(bool, row)) > 1 for row in first)
    while first and wide and not any(first[0][1:]):
        blocks.append(Block("paragraph", clean(" ".join(first.pop(0)))))
    count = header_rows(first, likely=True)
    names = column_names(first[:count])
    size = 0
    for row in chain(first[count:], rows):
        sentence = row_sentence(row, names)
        size += len(sentence) + 1
        if size > limit:
            raise DocumentError("too_long", name, chars=limit, found=size)
        blocks.append(Block("row", clean(sentence)))
    return blocks


def _rows(lines: list[str], *, is_quoted: bool = True) -> Iterator[list[str]]:
    told = _SEPARATOR.match(f"{lines[0]}\n") if lines else None
    delimiter = told[1] if told else _delimiter(lines[:_SAMPLE_ROWS])
    lines = lines[1 if told else 0 :]
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if is_quoted else csv.QUOTE_NONE
    for row in _parsed(lines, delimiter, quoting=quoting, strict=True):
        yield [" ".join(cell.split()) for cell in row]


def _parsed(
    lines: Iterable[str],
    delimiter: str,
    *,
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL,
    strict: bool = False,
) -> Iterator[list[str]]:
    # Cells may be quoted after a space: `"Ann", "New York, NY"`.
    return csv.reader(
        lines, delimiter=delimiter, quoting=quoting, skipinitialspace=True, strict=strict
    )


def _delimiter(lines: Iterable[str]) -> str:
    """The delimiter that gives most rows the same number of cells, and more than one."""
    lines = list(lines)

    def fit(delimiter: str) -> tuple[int, int]:
        try:
            widths = Counter(map(len, _parsed(lines, delimiter)))
        except csv.Error:
            return (0, 0)
        width, rows = max(widths.items(), key=lambda pair: (pair[0] > 1, pair[1]), default=(0, 0))
        return (rows if width > 1 else 0, width)

    return max(_DELIMITERS, key=fit)
