"""Tables of PDFs: rows that make sense alone; what stands beside each other and is no table."""

from __future__ import annotations

from collections.abc import Sequence

from .pdf_files import Leaf, Words, rule
from .test_pdf_layout import PROSE, column, paragraphs, read


def grid(rows: Sequence[Sequence[str]], lefts: Sequence[float]) -> list[Words]:
    """Cells from 300 points down, 14 points a row."""
    return [
        Words(x, 300 + 14 * i, cell)
        for i, row in enumerate(rows)
        for x, cell in zip(lefts, row, strict=True)
        if cell
    ]


def test_rows_of_a_table_make_sense_alone() -> None:
    rows = [("Town", "People", "Growth"), ("Aberley", "12,400", "3.1%"), ("Borrow", "9,870", "-1%")]
    rows += [("Castle Combe", "40,015", "12.5%"), ("Dunmore", "770", "0%")]
    cells = grid(rows, (60, 200, 300))
    document = read(Leaf([*column(50, 200, PROSE), *cells, *column(50, 400, PROSE)]))
    table = paragraphs(document)[1].splitlines()
    assert table[0] == "Town: Aberley; People: 12,400; Growth: 3.1%"
    assert table[3] == "Town: Dunmore; People: 770; Growth: 0%"
    (box,) = (b for b in document.boxes if document.text[b.start : b.end] == "40,015")
    assert round(box.box[0] * 600) == 200


def test_lines_that_are_drawn_part_the_narrowest_cells() -> None:
    rows = [("Code", "Qty", "Name"), ("10231", "12", "Rice"), ("10232", "7", "Beans")]
    cells = grid([*rows, ("10233", "104", "Tea")], (60, 91, 110))
    lines = b"".join(rule(x, 286, 350) for x in (56, 89, 109, 160))
    text = read(Leaf(cells, lines)).text
    assert text.splitlines()[1] == "Code: 10232; Qty: 7; Name: Beans"


def test_a_list_printed_side_by_side_goes_on_with_the_same_columns() -> None:
    rows = [("Code", "Name", "2001", "Oats")]
    rows += [(f"100{i}", f"Grain {i}", f"200{i + 2}", f"Seed {i}") for i in range(4)]
    lines = read(Leaf(grid(rows, (60, 140, 260, 340)))).text.splitlines()
    assert lines[0] == "Code: 1000; Name: Grain 0"
    assert lines[4:6] == ["Code: 2001; Name: Oats", "Code: 2002; Name: Seed 0"]


def test_a_cell_of_two_lines_is_one_cell() -> None:
    rows = [("Tag", "Year", "Kind"), ("xx1", "1990", "whole"), ("000", "1991", "pointer")]
    rows += [("110", "1992", "boolean or"), ("", "", "undefined")]
    text = read(Leaf([*grid(rows, (60, 140, 220)), *column(50, 420, PROSE)])).text
    assert "Tag: 110; Year: 1992; Kind: boolean or undefined\n" in text


def test_numbered_lines_of_a_program_are_no_table() -> None:
    code = ["for i in range(2, 100):", "if primes[i]:", "for k in range(i, 100, i):", "drop(k)"]
    rows = [(str(i + 1), line) for i, line in enumerate(code)]
    text = read(Leaf([*column(50, 200, PROSE), *grid(rows, (60, 90))])).text
    assert "1 for i in range(2, 100):" in text
    assert ";" not in text


def test_two_columns_with_one_baseline_are_no_table() -> None:
    words = [*column(50, 200, PROSE), *column(320, 200, [line.upper() for line in PROSE[:5]])]
    text = read(Leaf(words)).text
    assert ";" not in text
    assert text.index(PROSE[5].split()[-1]) < text.index("GROWTH")
