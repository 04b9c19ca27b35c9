"""Real PDFs of ../shared/inputs: an article in two columns, Chinese type, a price list, bombs."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.formats.document import Document, Note, ReadOptions
from ingest.formats.pdf import read_pdf
from ingest.formats.reading import read_document
from ingest.refusing import DocumentError


@pytest.fixture
def inputs(shared: Path) -> Path:
    return shared / "inputs"


def read(path: Path) -> Document:
    return read_document(path.read_bytes(), path.name, ReadOptions(ocr=False))


def test_an_article_in_two_columns_is_read_as_people_read_it(inputs: Path) -> None:
    document = read(inputs / "pdf-en-twocolumn-tracemonkey.pdf")
    assert document.title.startswith("Trace-based Just-in-Time Type Specialization for Dynamic")
    assert document.date == "2009-04-01"
    headings = [line for line in document.text.splitlines() if line.startswith("#")]
    assert headings[1:4] == [
        "## Abstract",
        "## 1. Introduction",
        "## 2. Overview: Example Tracing Run",
    ]
    assert {"### 3.1 Traces", "## 10. Future Work", "## References"} <= set(headings)
    paragraphs = document.text.split("\n\n")
    # Over a hyphen; over a column, with a footnote between; over a column, with figures between.
    for words in (
        "Dynamic languages such as JavaScript are more difficult to compile than statically typed",
        "the de facto standard for client-side web programming and is used for the application",
        "we evaluate our dynamic compiler based on a set of industry benchmarks. The paper ends",
        "large standard deviations (on the order of the mean). We exclude regexp-dna from the",
    ):
        assert any(words in paragraph for paragraph in paragraphs), words
    assert "\nTag: 000; JS Type: object; Description: pointer to JSObject handle\n" in document.text
    assert "date-format-tofte; Loops: 3; Trees: 3; Traces: 4; Aborts: 7" in document.text
    assert len(document.pages) == 14


def test_labels_of_figures_do_not_stand_in_paragraphs(inputs: Path) -> None:
    document = read(inputs / "pdf-en-twocolumn-tracemonkey.pdf")
    (labels,) = (line for line in document.text.splitlines() if "LIR Trace;" in line)
    assert labels.startswith("Interpret; Bytecodes; Monitor; Record; ")
    assert '!"#' not in document.text


def test_lines_of_an_article_are_slices_of_it_on_their_pages(inputs: Path) -> None:
    document = read(inputs / "pdf-en-twocolumn-tracemonkey.pdf")
    for line in document.boxes:
        words = document.text[line.start : line.end]
        assert words == words.strip() != ""
        left, top, right, bottom = line.box
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1
    (conclusions,) = (
        b for b in document.boxes if document.text[b.start : b.end] == "9. Conclusions"
    )
    assert conclusions.page == 13
    assert conclusions.box == pytest.approx((0.518, 0.368, 0.65, 0.386), abs=0.02)


def test_a_price_list_is_told_row_by_row(inputs: Path) -> None:
    lines = read(inputs / "pdf-zh-issue914.pdf").text.splitlines()
    assert len(lines) == 87
    assert lines[0] == (
        "商品编码：302000001; 数量：10.12; 商品名称：散称华联粉条; 商品基本条码：2700549"
    )
    assert "商品编码：340010012; 数量：-1; 商品名称：蒙牛优益C原味340ml" in lines


def test_chinese_type_set_glyph_by_glyph_is_read_in_lines(inputs: Path) -> None:
    document = read(inputs / "pdf-zh-xiaobiaosong.pdf")
    assert document.text.startswith("# 目 录\n\n关于红军作战的原则 … １\n")
    assert "对独立自主的山地游击战争的解释 … １１\n" in document.text


def test_a_damaged_file_is_read_as_far_as_another_reader_recovers_it(inputs: Path) -> None:
    text = read(inputs / "pdf-corrupt-zen.pdf").text
    assert "Namespaces are one honking great idea" in text
    assert len(text) >= 923


def test_passwords_are_asked_for(inputs: Path) -> None:
    path = inputs / "pdf-encrypted-userpassword.pdf"
    with pytest.raises(DocumentError, match="Give the password"):
        read(path)
    # Its words are in no language: `read_document` says so.
    document = read_pdf(path.read_bytes(), path.name, ReadOptions(password="openpassword"))
    assert document.text.startswith("Lorem ipsum dolor sit amet,")
    assert document.text.count("\n") == 1
    with pytest.raises(DocumentError, match="no text"):
        read(inputs / "pdf-encrypted-emptypassword.pdf")


def test_a_scan_is_told_and_bombs_do_no_harm(inputs: Path) -> None:
    with pytest.raises(DocumentError, match="pictures without text"):
        read(inputs / "pdf-scan-onepage.pdf")
    assert "100000x100000 = 1.16GB each" in read(inputs / "pdf-bomb-giant.pdf").text
    evil = read(inputs / "pdf-evil-recursive-xobjects.pdf")
    assert "Hello world" in evil.text
    assert evil.notes == (Note("repaired"),)
