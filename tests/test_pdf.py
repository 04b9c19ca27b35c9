"""PDFs written here by hand: what is read of them, what is told, what is refused."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from ingest.formats import pdf_scans
from ingest.formats.document import Document, Note, ReadOptions
from ingest.formats.reading import read_document
from ingest.refusing import DocumentError

from .pdf_files import Leaf, Words, form, many_pages, picture, shown, write_pdf

HELLO = Leaf([Words(50, 100, "The first page holds a sentence.")])


def read(data: bytes, **options: object) -> Document:
    return read_document(data, "report.pdf", ReadOptions(**options))  # type: ignore[arg-type]


def refusal(data: bytes, **options: object) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        read(data, **options)
    return caught.value


def test_every_line_is_found_where_it_stands_on_its_page() -> None:
    leaves = [
        Leaf([Words(60, 200, "One line on page one."), Words(60, 400, "Another, further down.")]),
        Leaf([Words(300, 80, "The second page.")]),
    ]
    document = read(write_pdf(leaves))
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
    words = Words(60, 80, "Turned about")
    (box,) = read(write_pdf([Leaf([words], turn=turn)])).boxes
    corner = {90: (box.box[0], box.box[1]), 180: (box.box[0], box.box[3])}
    x, y = corner.get(turn, (box.box[2], box.box[1]))
    assert x == pytest.approx(left, abs=0.06)
    assert y == pytest.approx(top, abs=0.06)
    assert box.box[0] < box.box[2]
    assert box.box[1] < box.box[3]


def test_ligatures_become_letters_and_chinese_lines_join_without_a_space() -> None:
    chinese = ["党的二十大报告指出，高质量发展是全面建设社会主义现代化国家的", "首要任务。"]
    words = [Words(50, 100 + 15 * i, line) for i, line in enumerate(chinese)]
    document = read(write_pdf([Leaf([*words, Words(50, 200, "The of\x01ce and its \x02ow.")])]))
    assert document.text == "".join(chinese) + "\n\nThe office and its flow.\n"


def test_chinese_set_apart_glyph_by_glyph_comes_out_as_words() -> None:
    glyphs = [Words(50 + 10 * i, 100, char + "\u3000") for i, char in enumerate("中国共产党章程")]
    assert read(write_pdf([Leaf(glyphs)])).text == "中国共产党章程\n"


def test_what_is_too_small_to_see_or_off_the_page_is_not_read() -> None:
    words = [Words(50, 100, "Seen."), Words(50, 120, "Hidden.", size=0.4), Words(50, -90, "Off.")]
    assert read(write_pdf([Leaf(words)])).text == "Seen.\n"


def test_the_file_says_its_title_author_and_date() -> None:
    info = {"Title": "年度报告 2023", "Author": "张三", "CreationDate": "D:20240305101500+08'00'"}
    document = read(write_pdf([HELLO], info))
    assert (document.title, document.author, document.date) == (
        "年度报告 2023",
        "张三",
        "2024-03-05",
    )


@pytest.mark.parametrize(
    "title", ["Microsoft Word - report.doc", "untitled", "report_final.pdf", "ÄêÖÐ±¨¸æ", "å¹´åº¦"]
)
def test_a_made_up_or_misread_title_gives_way_to_the_largest_words(title: str) -> None:
    leaf = Leaf([Words(50, 80, "Growth of Cities", size=20), *HELLO.words])
    info = {"Title": title, "Author": "Administrator", "CreationDate": "D:00000000"}
    document = read(write_pdf([leaf], info))
    assert (document.title, document.author, document.date) == ("Growth of Cities", "", "")


def test_an_empty_password_opens_silently_and_others_are_asked_for() -> None:
    assert read(write_pdf([HELLO], password="")).text == "The first page holds a sentence.\n"
    locked = write_pdf([HELLO], password="sesame")
    assert refusal(locked).reason == "encrypted"
    assert refusal(locked, password="open").reason == "wrong_password"
    assert read(locked, password="sesame").text == "The first page holds a sentence.\n"


def test_too_many_pages_are_refused_before_any_is_read() -> None:
    began = time.perf_counter()
    error = refusal(many_pages(10_000))
    assert time.perf_counter() - began < 1
    assert error.reason == "too_many_pages"
    assert (error.values["pages"], error.values["found"]) == (2_000, 10_000)


def test_a_text_far_beyond_the_limit_is_refused_while_it_is_read() -> None:
    error = refusal(write_pdf([HELLO] * 20), chars=100)
    assert error.reason == "too_long"
    assert 200 < int(str(error.values["found"])) < 300


def test_a_file_cut_off_is_mended_and_that_is_told() -> None:
    whole = write_pdf([HELLO])
    assert read(whole).notes == ()
    assert read(b"some bytes before\n" + whole).notes == ()
    cut = read(whole[: whole.index(b"xref\n")])
    assert cut.text == "The first page holds a sentence.\n"
    assert cut.notes == (Note("repaired"),)


def test_a_page_that_was_cut_off_is_told() -> None:
    pages = [Leaf([Words(50, 300, f"Page {word} speaks.")]) for word in ("one", "two", "three")]
    whole = write_pdf(pages)
    cut = read(whole[: whole.rindex(b"stream\nBT")])
    assert cut.text == "Page one speaks.\n\nPage two speaks.\n"
    assert cut.notes == (Note("repaired"), Note("left_out", "p. 3"))


def test_what_cannot_be_mended_is_refused() -> None:
    assert refusal(b"%PDF-1.4\n" + bytes(range(256)) * 20).reason == "damaged"


def test_pictures_without_text_are_told_as_scans() -> None:
    leaf = Leaf(extra=shown("I", 0, 0, 600, 800), xobjects={"I": picture(bytes(100), 10, 10)})
    error = refusal(write_pdf([leaf, leaf]), ocr=False)
    assert (error.reason, error.values["pages"]) == ("scan", 2)
    mixed = read(write_pdf([leaf, HELLO, leaf, leaf, leaf]), ocr=False)
    assert mixed.notes == (Note("scanned", "1, 3–5"),)
    assert mixed.pages == (0, 0, 33, 33, 33)


def test_a_picture_too_large_to_decode_is_never_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_scans, "can_recognise", lambda: True)
    monkeypatch.setattr(pdf_scans, "_seen", lambda *_: pytest.fail("a bomb was decoded"))
    bomb = picture(bytes(100), 100_000, 100_000)
    leaf = Leaf(extra=shown("I", 0, 0, 600, 800), xobjects={"I": bomb})
    assert refusal(write_pdf([leaf])).reason == "scan"
    within = form([], shown("I", 0, 0, 600, 800), "/XObject << /I 10 0 R >>")
    leaf = Leaf(extra=b"/B Do\n", xobjects={"A": bomb, "B": within})
    assert refusal(write_pdf([leaf])).reason == "scan"


def test_a_form_that_holds_itself_ends() -> None:
    inner = form(
        [Words(50, 100, "Again.")], b"0.5 0 0 0.5 0 0 cm /X Do\n", "/XObject << /X @SELF >>"
    )
    document = read(write_pdf([Leaf(HELLO.words, b"/X Do\n", {"X": inner})]))
    assert "The first page holds a sentence." in document.text


def test_readers_in_several_threads_take_turns() -> None:
    files = [write_pdf([Leaf([Words(50, 300, f"Number {i} speaks.")])] * 5) for i in range(8)]
    with ThreadPoolExecutor(8) as pool:
        texts = [document.text for document in pool.map(read, files)]
    assert [text.splitlines()[0] for text in texts] == [f"Number {i} speaks." for i in range(8)]
