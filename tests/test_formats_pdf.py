"""PDFs, written here by hand and real ones: what is read, in which order, what is told, refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from assistant import Settings
from ingest import DocumentError
from ingest.formats.document import Document, Note, ReadOptions
from ingest.formats.pdf import read_pdf
from ingest.formats.pdf_scans import can_recognise
from ingest.formats.reading import read_document
from ingest.reading_apart import FileReader

from .pdf_files import Leaf, Words, many_pages, picture, shown, write_pdf

HELLO = Leaf([Words(50, 100, "The first page holds a sentence.")])
# About as wide as a column of 230 points in Helvetica of 10 points.
PROSE = (
    "Growth has been steady in all the regions that",
    "the survey covered, although the rates differed",
    "from one year to another and some of the towns",
    "lost people to the coast after the harbour was",
    "widened and the railway reached the old market",
    "where grain had been sold since the first walls",
)


def read(source: bytes | Leaf | Path, *leaves: Leaf, **options: object) -> Document:
    options = {"ocr": False} | options
    data = source.read_bytes() if isinstance(source, Path) else source
    data = write_pdf([data, *leaves]) if isinstance(data, Leaf) else data
    return read_document(data, "report.pdf", ReadOptions(**options))  # type: ignore[arg-type]


def refusal(source: bytes | Leaf | Path, **options: object) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        read(source, **options)
    return caught.value


def column(x: float, y: float, lines: Sequence[str], **options: float) -> list[Words]:
    return [Words(x, y + 12 * i, line, **options) for i, line in enumerate(lines)]  # type: ignore[arg-type]


def paragraphs(*leaves: Leaf) -> list[str]:
    return read(*leaves).text.rstrip("\n").split("\n\n")


def headings(document: Document) -> list[str]:
    return [line for line in document.text.splitlines() if line.startswith("#")]


# Places, type, what the file says


def test_every_line_is_found_where_it_stands_on_its_page() -> None:
    words = [Words(60, 200, "One line on page one."), Words(60, 400, "Another, further down.")]
    document = read(Leaf(words), Leaf([Words(300, 80, "The second page.")]))
    found = {document.text[b.start : b.end]: b for b in document.boxes}
    assert set(found) == {"One line on page one.", "Another, further down.", "The second page."}
    box = found["The second page."]
    assert box.page == 2
    assert box.box[0] == pytest.approx(300 / 600, abs=0.005)
    assert box.box[1] < 80 / 800 <= box.box[3]
    assert document.pages == (0, document.text.index("The second"))


@pytest.mark.parametrize(
    ("turn", "left", "top"), [(90, 0.9, 0.1), (180, 0.75, 0.9), (270, 0.1, 0.75)]
)
def test_boxes_of_a_turned_page_are_of_the_page_as_it_is_shown(
    turn: int, left: float, top: float
) -> None:
    # The words stand a tenth down and, with their end, at a quarter of the unturned page.
    (line,) = read(Leaf([Words(60, 80, "Turned about")], turn=turn)).boxes
    corner = {90: line.box[:2], 180: (line.box[0], line.box[3])}
    assert corner.get(turn, (line.box[2], line.box[1])) == pytest.approx((left, top), abs=0.06)


def test_ligatures_chinese_lines_and_type_set_apart_come_out_as_words() -> None:
    chinese = ["党的二十大报告指出，高质量发展是全面建设社会主义现代化国家的", "首要任务。"]
    words = [Words(50, 100 + 15 * i, line) for i, line in enumerate(chinese)]
    words += [Words(50 + 10 * i, 160, c + "\u3000") for i, c in enumerate("中国共产党章程")]
    words += [Words(50, 200, "The of\x01ce and its \x02ow.")]
    hidden = [Words(50, 120, "Too small.", size=0.4), Words(50, -90, "Off the page.")]
    assert paragraphs(Leaf([*words, *hidden])) == [
        *("".join(chinese), "中国共产党章程", "The office and its flow."),
    ]


def test_the_file_says_its_title_author_and_date() -> None:
    info = {"Title": "年度报告 2023", "Author": "张三", "CreationDate": "D:20240305101500+08'00'"}
    told = read(write_pdf([HELLO], info))
    assert (told.title, told.author, told.date) == ("年度报告 2023", "张三", "2024-03-05")


@pytest.mark.parametrize("title", ["Microsoft Word - report.doc", "untitled", "ÄêÖÐ±¨¸æ"])
def test_a_made_up_or_misread_title_gives_way_to_the_largest_words(title: str) -> None:
    leaf = Leaf([Words(50, 80, "Growth of Cities", size=20), *HELLO.words])
    info = {"Title": title, "Author": "Administrator", "CreationDate": "D:00000000"}
    told = read(write_pdf([leaf], info))
    assert (told.title, told.author, told.date) == ("Growth of Cities", "", "")


# Order


def test_a_title_stands_before_the_left_column_and_that_before_the_right() -> None:
    right = [line.replace("the", "a") for line in PROSE]
    words = [
        *column(320, 200, right),
        *column(50, 200, PROSE),
        Words(120, 100, "A Survey of Some Hundred Towns", size=22),
        Words(150, 130, "Its summary goes across both of the columns."),
    ]
    assert paragraphs(Leaf(words)) == [
        "# A Survey of Some Hundred Towns",
        "Its summary goes across both of the columns.",
        # No sentence ends at the foot of the left column: it goes on in the right one.
        " ".join([*PROSE, *right]),
    ]


@settings(deadline=None)
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

    words = column(60, 80, lines("left", left))
    words += column(60 + 215 + gap, 80 + shift, lines("right", right))
    found = [word for word in read(Leaf(words)).text.split() if word[-1].isdecimal()]
    assert found == [f"left{i}" for i in range(left)] + [f"right{i}" for i in range(right)]


def test_a_paragraph_goes_over_a_page_and_a_footnote_stands_apart() -> None:
    note = [
        "1 The figures are those of the census of all the towns in that region,",
        "as published.",
    ]
    first = Leaf([*column(50, 600, PROSE), *column(50, 700, note, size=7)])
    document = read(first, Leaf(column(50, 100, ["and so it ends.", "", "New."])))
    assert document.text.split("\n\n") == [
        " ".join(note),
        " ".join([*PROSE, "and so it ends."]),
        "New.\n",
    ]
    assert document.pages == (0, document.text.index("and so it"))


def test_paragraphs_items_and_headings_are_told_apart() -> None:
    words = [
        Words(50, 80, "Towns and Their Markets", size=24),
        *column(50, 140, [*PROSE[:2], "It ends."]),
        *column(50, 176, ["It goes on without a gap, as the last line ended.", PROSE[1]]),
        Words(62, 200, "An indent begins the third paragraph after it."),
        Words(50, 240, "1. Where they grew", bold=True),
        *column(50, 260, PROSE),
        Words(50, 350, "1.1 By the sea", bold=True),
        *column(50, 370, PROSE),
        Words(60, 460, "\x95 The first point is made here and it is long enough"),
        Words(70, 472, "to need a second line."),
        Words(60, 484, "\x95 The second is short."),
    ]
    assert [text[:27] for text in paragraphs(Leaf(words))] == [
        *(
            "# Towns and Their Markets",
            "Growth has been steady in a",
            "It goes on without a gap, a",
        ),
        *("An indent begins the third ", "## 1. Where they grew", "Growth has been steady in a"),
        *("### 1.1 By the sea", "Growth has been steady in a", "• The first point is made h"),
    ]
    bold = [Words(50, 200 + 30 * i, line, bold=True) for i, line in enumerate(PROSE)]
    assert "#" not in read(Leaf(bold)).text


def test_headers_footers_and_page_numbers_are_no_text() -> None:
    def leaf(number: int) -> Leaf:
        return Leaf(
            [
                Words(50, 50, "Annual Report 2023" if number % 2 else "The Survey Office"),
                Words(50, 100, f"Step {number}", size=20),
                *column(50, 300 + 3 * number, [*PROSE, f"Page body number {number} ends here."]),
                Words(280, 770, f"- {number} -"),
                Words(50, 785, f"Printed on page {number} of 6"),
                Words(450, 785, "Draft", turned=True),
            ]
        )

    document = read(*[leaf(number) for number in range(1, 7)])
    for gone in ("Annual", "Office", "Printed", "- 3 -", "Draft"):
        assert gone not in document.text
    # A heading is larger than furniture, though it counts as page numbers do.
    assert headings(document) == ["# Step 1", *(f"## Step {n}" for n in range(2, 7))]
    assert document.text.count("Growth has been") == 6


# Tables


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
    table = document.text.split("\n\n")[1].splitlines()
    assert table[0] == "Town: Aberley; People: 12,400; Growth: 3.1%"
    assert table[3] == "Town: Dunmore; People: 770; Growth: 0%"
    (box,) = (b for b in document.boxes if document.text[b.start : b.end] == "40,015")
    assert round(box.box[0] * 600) == 200
    two = [*column(50, 200, PROSE), *column(320, 200, [line.upper() for line in PROSE[:5]])]
    assert ";" not in read(Leaf(two)).text


# Protected, damaged, too long, hostile


def test_an_empty_password_opens_silently_and_others_are_asked_for() -> None:
    assert read(write_pdf([HELLO], password="")).text == "The first page holds a sentence.\n"
    locked = write_pdf([HELLO], password="sesame")
    assert refusal(locked).reason == "encrypted"
    assert refusal(locked, password="open").reason == "wrong_password"
    assert read(locked, password="sesame").text == "The first page holds a sentence.\n"


def test_too_many_pages_and_too_long_a_text_are_refused_on_the_way() -> None:
    error = refusal(many_pages(10_000))
    assert (error.reason, error.values["pages"], error.values["found"]) == (
        *("too_many_pages", 2_000, 10_000),
    )
    error = refusal(write_pdf([HELLO] * 20), chars=100)
    assert error.reason == "too_long"
    assert 200 < int(str(error.values["found"])) < 300


def test_a_file_cut_off_is_mended_and_what_is_lost_is_told() -> None:
    leaves = [Leaf([Words(50, 300, f"Page {word} speaks.")]) for word in ("one", "two", "three")]
    whole = write_pdf(leaves)
    assert read(b"some bytes before\n" + whole).notes == ()
    mended = read(whole[: whole.index(b"xref\n")])
    assert mended.text.count("speaks") == 3
    assert mended.notes == (Note("repaired"),)
    cut = read(whole[: whole.rindex(b"stream\nBT")])
    assert cut.text == "Page one speaks.\n\nPage two speaks.\n"
    assert cut.notes == (Note("repaired"), Note("left_out", "p. 3"))
    assert refusal(b"%PDF-1.4\n" + bytes(range(256)) * 20).reason == "damaged"


# Scans

installed = pytest.mark.skipif(
    not can_recognise(), reason="the `ocr` extra (rapidocr) is not installed"
)
LINES = ("The harbour was widened in 1987.", "Grain was sold at the old market.")


def scan(width: int = 1_200, height: int = 1_600, lines: Sequence[str] = LINES) -> Leaf:
    """A page that is a picture of these lines; one larger than 1,200 by 1,600 has no pixels."""
    image = Image.new("L", (1_200, 1_600), 255)
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(size=40)
    for i, line in enumerate(lines):
        pen.text((120, 400 + 60 * i), line, fill=0, font=font)
    drawn = picture(image.tobytes() if width <= 1_200 else bytes(100), width, height)
    return Leaf(extra=shown("I", 0, 0, 600, 800), xobjects={"I": drawn})


def test_pictures_without_text_are_told_as_scans() -> None:
    error = refusal(write_pdf([scan(), scan()]))
    assert (error.reason, error.values["pages"]) == ("scan", 2)
    assert "pip install -e '.[ocr]'" in str(error)
    mixed = read(scan(), HELLO, scan(), scan(), scan())
    assert mixed.notes == (Note("scanned", "1, 3–5"),)
    assert mixed.pages == (0, 0, 33, 33, 33)


@installed
def test_scanned_pages_are_read_in_order_and_told() -> None:
    text = Leaf([Words(50, 100, "A page with text.")])
    document = read(text, scan(), scan(lines=()), ocr=True)
    assert document.text == f"A page with text.\n\n{LINES[0]} {LINES[1]}\n"
    assert document.notes == (Note("recognised", "2"), Note("scanned", "3"))
    line = document.boxes[1]
    assert line.page == 2
    assert line.box[:2] == pytest.approx((120 / 1_200, 405 / 1_600), abs=0.01)


@installed
def test_a_picture_too_large_to_decode_is_never_drawn() -> None:
    assert refusal(scan(100_000, 100_000), ocr=True).reason == "scan"


# Real files


def test_an_article_in_two_columns_is_read_as_people_read_it(shared: Path) -> None:
    document = read(shared / "inputs" / "pdf-en-twocolumn-tracemonkey.pdf")
    assert document.title.startswith("Trace-based Just-in-Time Type Specialization for Dynamic")
    assert (document.date, len(document.pages)) == ("2009-04-01", 14)
    assert headings(document)[1:4] == [
        *("## Abstract", "## 1. Introduction", "## 2. Overview: Example Tracing Run"),
    ]
    assert {"### 3.1 Traces", "## 10. Future Work", "## References"} <= set(headings(document))
    # Over a hyphen; over a column, with a footnote between; over a column, with figures between.
    for words in (
        "Dynamic languages such as JavaScript are more difficult to compile than statically typed",
        "the de facto standard for client-side web programming and is used for the application",
        "we evaluate our dynamic compiler based on a set of industry benchmarks. The paper ends",
        "large standard deviations (on the order of the mean). We exclude regexp-dna from the",
        "\nTag: 000; JS Type: object; Description: pointer to JSObject handle\n",
        "date-format-tofte; Loops: 3; Trees: 3; Traces: 4; Aborts: 7",
        "\nInterpret; Bytecodes; Monitor; Record; ",
    ):
        assert words in document.text
    assert '!"#' not in document.text
    (line,) = (b for b in document.boxes if document.text[b.start : b.end] == "9. Conclusions")
    assert line.page == 13
    assert line.box == pytest.approx((0.518, 0.368, 0.65, 0.386), abs=0.02)


def test_damaged_locked_and_hostile_files_do_no_harm(shared: Path) -> None:
    inputs = shared / "inputs"
    assert "Namespaces are one honking great idea" in read(inputs / "pdf-corrupt-zen.pdf").text
    locked = inputs / "pdf-encrypted-userpassword.pdf"
    assert refusal(locked).reason == "encrypted"
    # Its words are in no language: `read_document` says so.
    opened = read_pdf(locked.read_bytes(), locked.name, ReadOptions(password="openpassword"))
    assert opened.text.startswith("Lorem ipsum dolor sit amet,")
    assert refusal(inputs / "pdf-encrypted-emptypassword.pdf").reason == "empty"
    assert "100000x100000 = 1.16GB each" in read(inputs / "pdf-bomb-giant.pdf").text
    evil = read(inputs / "pdf-evil-recursive-xobjects.pdf")
    assert ("Hello world" in evil.text, evil.notes) == (True, (Note("repaired"),))


@pytest.mark.slow
@installed
def test_a_real_scan_is_read_in_the_child_within_its_memory(shared: Path) -> None:
    path = shared / "inputs" / "pdf-scan-onepage.pdf"
    assert refusal(path).reason == "scan"
    with FileReader(Settings()) as reader:
        document = reader.read(path.read_bytes(), path.name)
    assert document.text == "Happy New Year 2003!\n"
    assert document.notes == (Note("recognised", "1"),)
