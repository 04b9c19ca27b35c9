"""The order in which PDFs are read: columns, paragraphs, hyphens, furniture, notes."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.formats.document import Document, ReadOptions
from ingest.formats.pdf import read_pdf

from .pdf_files import Leaf, Words, form, write_pdf

# About as wide as a column of 230 points in Helvetica of 10 points.
PROSE = (
    "Growth has been steady in all the regions that",
    "the survey covered, although the rates differed",
    "from one year to another and some of the towns",
    "lost people to the coast after the harbour was",
    "widened and the railway reached the old market",
    "where grain had been sold since the first walls",
)


def read(*leaves: Leaf) -> Document:
    return read_pdf(write_pdf(leaves), "report.pdf", ReadOptions())


def paragraphs(document: Document) -> list[str]:
    return document.text.rstrip("\n").split("\n\n")


def column(x: float, y: float, lines: Sequence[str], **options: float) -> list[Words]:
    return [Words(x, y + 12 * i, line, **options) for i, line in enumerate(lines)]  # type: ignore[arg-type]


def test_a_title_stands_before_the_left_column_and_that_before_the_right() -> None:
    right = [line.replace("the", "a") for line in PROSE]
    words = [
        *column(320, 200, right),
        *column(50, 200, PROSE),
        Words(120, 100, "A Survey of Some Hundred Towns", size=22),
        Words(150, 130, "Its summary goes across both of the columns."),
    ]
    texts = paragraphs(read(Leaf(words)))
    assert texts[:2] == [
        "# A Survey of Some Hundred Towns",
        "Its summary goes across both of the columns.",
    ]
    # No sentence ends at the foot of the left column: it goes on in the right one.
    assert texts[2:] == [" ".join([*PROSE, *right])]


@settings(max_examples=25, deadline=None)
@given(
    left=st.integers(4, 40),
    right=st.integers(4, 40),
    gap=st.floats(14, 40),
    shift=st.floats(0, 11),
)
def test_columns_are_never_mixed_and_nothing_is_lost(
    left: int, right: int, gap: float, shift: float
) -> None:
    def lines(side: str, count: int) -> list[str]:
        return [f"{side}{i} stands at its place among other words." for i in range(count)]

    width = 215
    words = column(60, 80, lines("left", left))
    words += column(60 + width + gap, 80 + shift, lines("right", right))
    text = read(Leaf(words)).text
    found = [word for word in text.split() if word[-1].isdecimal()]
    assert found == [f"left{i}" for i in range(left)] + [f"right{i}" for i in range(right)]


def test_a_paragraph_goes_over_a_page_and_says_where_it_turns() -> None:
    document = read(
        Leaf(column(50, 600, PROSE)), Leaf(column(50, 100, ["and so it ends.", "", "New."]))
    )
    (first, second) = paragraphs(document)
    assert first == " ".join([*PROSE, "and so it ends."])
    assert second == "New."
    assert document.pages == (0, document.text.index("and so it"))
    assert [box.page for box in document.boxes] == [1] * 6 + [2, 2]


def test_hyphens_go_where_they_only_break_a_word() -> None:
    lines = [
        "The whole region kept its railway and its inter-",
        "national fairs; a well-known and often quoted re-",
        "port says that quality matters, that the well-",
        "known fairs made quality and planning joint qual-",
        "ity goals, and that long quality planning, quality-",
        "planning and the Anglo-",
    ]
    (text,) = paragraphs(read(Leaf(column(50, 300, [*lines, "Saxon trade went on."]))))
    assert "international fairs" in text
    assert "quoted report says" in text
    assert "the well-known fairs" in text
    assert "joint quality goals" in text
    assert "planning, quality-planning and" in text
    assert text.endswith("the Anglo-Saxon trade went on.")


def test_an_indent_a_gap_and_a_short_line_begin_paragraphs() -> None:
    words = [
        *column(50, 200, [*PROSE[:2], "It ends."]),
        *column(50, 236, ["It goes on without a gap, as the last line ended.", PROSE[1]]),
        Words(62, 260, "An indent begins the third paragraph after it."),
        *column(50, 300, [*PROSE[:2], "The fourth stands apart."]),
    ]
    texts = paragraphs(read(Leaf(words)))
    assert [text.split()[0] for text in texts] == ["Growth", "It", "An", "Growth"]


def test_headings_are_told_by_type_and_number() -> None:
    words = [
        Words(50, 80, "Towns and Their Markets", size=24),
        *column(50, 140, PROSE),
        Words(50, 240, "1. Where they grew", bold=True),
        *column(50, 260, PROSE),
        Words(50, 350, "1.1 By the sea", bold=True),
        *column(50, 370, [*PROSE, "This line is prose, though it is", "bold."]),
    ]
    lines = read(Leaf(words)).text.splitlines()
    assert [line for line in lines if line.startswith("#")] == [
        "# Towns and Their Markets",
        "## 1. Where they grew",
        "### 1.1 By the sea",
    ]


def test_chinese_headings_are_told_by_their_numbers() -> None:
    prose = [
        "各地区各部门要把思想和行动统一到党中央决策部署上来，坚持稳中求进",
        "工作总基调，扎实推动高质量发展。",
    ]

    def section(y: float, heading: str) -> list[Words]:
        return [Words(70, y, heading), Words(70, y + 18, prose[0]), Words(50, y + 36, prose[1])]

    words = section(200, "一、总体要求") + section(260, "二、主要任务")
    words += [Words(70, 340, "（一）苹果；"), Words(70, 358, "（二）梨。")]
    assert paragraphs(read(Leaf(words))) == [
        "## 一、总体要求",
        "".join(prose),
        "## 二、主要任务",
        "".join(prose),
        "（一）苹果；\n（二）梨。",
    ]


def test_a_document_set_in_bold_is_not_all_headings() -> None:
    words = [Words(50, 200 + 30 * i, line, bold=True) for i, line in enumerate(PROSE)]
    assert "#" not in read(Leaf(words)).text


def test_items_of_a_list_are_lines_with_their_further_lines_joined() -> None:
    words = [
        *column(50, 200, PROSE),
        Words(60, 280, "\x95 The first point is made here and it is long enough"),
        Words(70, 292, "to need a second line."),
        Words(60, 304, "\x95 The second is short."),
        *column(50, 330, PROSE),
    ]
    assert (
        "\n\n• The first point is made here and it is long enough to need a second line.\n"
        "• The second is short.\n\n"
    ) in read(Leaf(words)).text


def test_headers_footers_and_page_numbers_are_no_text() -> None:
    def leaf(number: int) -> Leaf:
        header = "Annual Report 2023" if number % 2 else "The Survey Office"
        words = [
            Words(50, 50, header),
            Words(50, 100, f"Step {number}", size=20),
            *column(50, 300 + 3 * number, [*PROSE, f"Page body number {number} ends here."]),
            Words(280, 770, f"- {number} -"),
            Words(50, 785, f"Printed on page {number} of 6"),
            Words(450, 785, "Draft", turned=True),
        ]
        return Leaf(words)

    text = read(*[leaf(number) for number in range(1, 7)]).text
    for gone in ("Annual", "Office", "Printed", "- 3 -", "Draft"):
        assert gone not in text
    # A heading is larger than furniture, though it counts as page numbers do.
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        f"# Step {number}" if number == 1 else f"## Step {number}" for number in range(1, 7)
    ]
    assert text.count("Growth has been") == 6


def test_a_footnote_stands_apart_from_the_paragraph_that_goes_over_it() -> None:
    note = [
        "1 The figures are those of the census of all the towns in that region,",
        "as it was published.",
    ]
    document = read(
        Leaf([*column(50, 600, PROSE), *column(50, 700, note, size=7)]),
        Leaf(column(50, 100, ["and went on in the new year."])),
    )
    assert paragraphs(document) == [
        "1 The figures are those of the census of all the towns in that region, "
        "as it was published.",
        " ".join([*PROSE, "and went on in the new year."]),
    ]
    assert document.pages[0] == 0


def test_words_of_a_figure_do_not_break_into_a_paragraph() -> None:
    after = ["and they came back to it in a later year", *PROSE[1:], "until it ended."]
    labels = [Words(350, 150, "Interpret"), Words(420, 170, "loop edge"), Words(380, 190, "Leave")]
    words = [*column(50, 100, PROSE * 3), *column(320, 220, after)]
    leaf = Leaf(words, b"/X Do\n", {"X": form(labels)})
    assert paragraphs(read(leaf)) == [
        " ".join([*PROSE * 3, *after]),
        "Interpret; loop edge; Leave",
    ]
