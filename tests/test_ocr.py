"""Pictures read for real where the `ocr` extra is installed, and told as such."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from assistant import Settings
from ingest.formats import ocr
from ingest.formats.document import Note
from ingest.formats.reading import read_document
from ingest.reading_apart import FileReader
from ingest.refusing import DocumentError

from .pdf_files import Leaf, Words, picture, shown, write_pdf

installed = pytest.mark.skipif(
    not ocr.can_recognise(), reason="the `ocr` extra (rapidocr) is not installed"
)
LINES = ("The harbour was widened in 1987.", "Grain was sold at the old market.")


def drawn(lines: tuple[str, ...] = LINES) -> Image.Image:
    """A picture of 1,200 by 1,600 pixels with one line of words below the other."""
    image = Image.new("L", (1_200, 1_600), 255)
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(size=40)
    for i, line in enumerate(lines):
        pen.text((120, 400 + 60 * i), line, fill=0, font=font)
    return image


def scan() -> Leaf:
    image = drawn()
    pixels = picture(image.tobytes(), *image.size)
    return Leaf(extra=shown("I", 0, 0, 600, 800), xobjects={"I": pixels})


@installed
def test_words_on_a_picture_are_found_where_they_stand() -> None:
    lines = sorted(ocr.recognise(drawn()), key=lambda line: line.box[1])
    assert tuple(line.text for line in lines) == LINES
    left, top, right, bottom = lines[1].box
    assert (left, top) == pytest.approx((120, 465), abs=15)
    assert 600 < right < 900
    assert 20 < bottom - top < 60


@installed
def test_a_blank_picture_has_no_lines() -> None:
    assert ocr.recognise(drawn(())) == []


@installed
def test_scanned_pages_are_read_in_order_and_told() -> None:
    text = Leaf([Words(50, 100, "A page with text.")])
    document = read_document(write_pdf([text, scan()]), "scan.pdf")
    assert document.text == f"A page with text.\n\n{LINES[0]} {LINES[1]}\n"
    assert document.notes == (Note("recognised", "2"),)
    assert document.pages == (0, 19)
    line = document.boxes[1]
    assert line.page == 2
    assert line.box[:2] == pytest.approx((120 / 1_200, 405 / 1_600), abs=0.01)


@installed
def test_a_scan_is_read_in_the_child_within_its_memory(shared: Path, tmp_path: Path) -> None:
    data = (shared / "inputs" / "pdf-scan-onepage.pdf").read_bytes()
    with FileReader(replace(Settings(), home=tmp_path)) as reader:
        document = reader.read(data, "scan.pdf")
        assert document.text == "Happy New Year 2003!\n"
        assert document.notes == (Note("recognised", "1"),)
        with pytest.raises(DocumentError, match="pictures without text"):
            reader.read(data, "scan.pdf", ocr=False)


def test_without_the_extra_a_scan_is_refused_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ingest.formats.pdf_scans.can_recognise", lambda: False)
    with pytest.raises(DocumentError, match=r"pip install -e '\.\[ocr\]'"):
        read_document(write_pdf([scan()]), "scan.pdf")
