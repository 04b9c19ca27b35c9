"""Books give their chapters in the order of the spine, with what they say of themselves."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from ingest.formats import zips
from ingest.formats.document import Document
from ingest.formats.reading import read_document
from ingest.refusing import DocumentError

from .word_files import archive

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OPS/book.opf"/></rootfiles></container>'
)
CHINESE = "孵化器为初创企业提供办公场地和导师。"


def page(body: str, more: str = "") -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html>'
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">'
        f"<head><title/></head><body{more}>{body}</body></html>"
    )


def book(pages: dict[str, str | bytes], *, spine: str = "", more: str = "", **files: str) -> bytes:
    """A book of these pages, by file name; `spine`: their order, `more`: further items."""
    names = spine.split() or list(pages)
    items = "".join(
        f'<item id="{name}" href="text/{name}.xhtml" media-type="application/xhtml+xml"'
        + (' properties="nav"/>' if name == "nav" else "/>")
        for name in pages
    )
    refs = "".join(f'<itemref idref="{name}"/>' for name in names)
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Of mills</dc:title>'
        "<dc:title>A subtitle</dc:title><dc:creator>Ann Lee</dc:creator>"
        "<dc:creator>Bo Li</dc:creator><dc:publisher>Harbour Press</dc:publisher>"
        "<dc:date>2015-03-04</dc:date></metadata>"
        f"<manifest>{items}{more}</manifest><spine>{refs}</spine></package>"
    )
    texts = {f"OPS/text/{name}.xhtml": text for name, text in pages.items()}
    given = {f"META-INF/{name}.xml": text for name, text in files.items()}
    return archive(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": CONTAINER,
            "OPS/book.opf": package,
            **texts,
            **given,
        }
    )


def read(data: bytes) -> Document:
    return read_document(data, "a.epub")


def test_chapters_come_in_the_order_of_the_spine_below_their_headings() -> None:
    made = book(
        {
            "two": page("<h1>Rent</h1><p>It is low.</p><h2>Why</h2><p>The city pays.</p>"),
            "one": page("<h1>The mill</h1><p>It opened in 2014.</p>"),
        },
        spine="one two",
    )
    document = read(made)
    assert document.text == (
        "## The mill\n\nIt opened in 2014.\n\n## Rent\n\nIt is low.\n\n### Why\n\nThe city pays.\n"
    )
    assert (document.title, document.author, document.publisher, document.date) == (
        *("Of mills", "Ann Lee, Bo Li", "Harbour Press", "2015-03-04"),
    )


def test_cover_navigation_and_contents_are_left_out() -> None:
    links = '<h1>Contents</h1><ol><li><a href="one.xhtml">One</a></li></ol>'
    made = book(
        {
            "cover": page("<p>A drawing.</p>", ' epub:type="cover"'),
            "nav": page(f'<nav epub:type="toc">{links}</nav>'),
            "listing": page(links),
            "one": page("<p>It opened in 2014.</p>"),
        }
    )
    assert read(made).text.endswith("It opened in 2014.\n")
    assert "Contents" not in read(made).text
    assert "drawing" not in read(made).text


@pytest.mark.parametrize("is_ncx", [False, True])
def test_a_chapter_without_a_heading_takes_that_of_the_table_of_contents(is_ncx: bool) -> None:
    pages: dict[str, str | bytes] = {
        "one": page(f"<p>{CHINESE}</p>"),
        "two": page("<h1>第二章</h1><p>租金低。</p>"),
    }
    if is_ncx:
        point = "<navPoint><navLabel><text>第一章</text></navLabel><content src='{}'/></navPoint>"
        ncx = f"<ncx><navMap>{point.format('../text/one.xhtml#a')}</navMap></ncx>"
        item = '<item id="n" href="../META-INF/toc.xml" media-type="application/x-dtbncx+xml"/>'
        made = book(pages, more=item, toc=ncx.replace("../text", "../OPS/text"))
    else:
        pages["nav"] = page('<nav><ol><li><a href="one.xhtml">第一章</a></li></ol></nav>')
        made = book(pages)
    assert read(made).text == f"## 第一章\n\n{CHINESE}\n\n## 第二章\n\n租金低。\n"


def test_notes_stand_at_the_end_and_named_entities_are_characters() -> None:
    made = book(
        {
            "one": page(
                '<p>Rent&nbsp;is low&mdash;so far<a epub:type="noteref" href="#n">1</a>.</p>'
                '<aside epub:type="footnote" id="n"><p>In 2014.</p></aside>'
            )
        }
    )
    assert read(made).text == "Rent is low—so far.\n\n## Notes\n\nIn 2014.\n"


@pytest.mark.parametrize(
    "text",
    [
        "<html><body><p>It opened<br>in 2014.",
        page("<p>It opened<br/>in 2014.</p>").replace("</body>", ""),
        page("<p>It opened<br/>in 2014.</p>").replace("utf-8", "utf-16").encode("utf-16"),
    ],
)
def test_a_page_that_is_no_valid_xml_is_read_all_the_same(text: str | bytes) -> None:
    assert read(book({"one": text})).text == "It opened\nin 2014.\n"


def test_a_chapter_in_gbk_is_read() -> None:
    text = page(f"<p>{CHINESE}</p>").replace('"utf-8"', '"gbk"').encode("gbk")
    assert read(book({"one": text})).text == f"{CHINESE}\n"


def test_files_outside_of_the_archive_are_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("hunter2")
    entity = f'<!DOCTYPE html [<!ENTITY x SYSTEM "file://{secret}">]>'
    text = page("<p>Rent is &x; low.</p>").replace("<!DOCTYPE html>", entity)
    assert "hunter2" not in read(book({"one": text})).text


@pytest.mark.parametrize(
    ("cipher", "is_refused"),
    [
        ("http://www.idpf.org/2008/embedding", False),
        ("http://www.w3.org/2001/04/xmlenc#aes256-cbc", True),
    ],
)
def test_books_whose_text_is_locked_are_refused(cipher: str, is_refused: bool) -> None:
    listed = (
        '<encryption><EncryptedData xmlns="e">'
        f'<EncryptionMethod Algorithm="{cipher}"/></EncryptedData></encryption>'
    )
    made = book({"one": page(f"<p>{CHINESE}</p>")}, encryption=listed)
    if is_refused:
        with pytest.raises(DocumentError) as caught:
            read(made)
        assert caught.value.reason == "encrypted"
    else:
        assert read(made).text == f"{CHINESE}\n"


def test_chapters_count_together_towards_what_may_be_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(zips, "UNPACKED_MB", 1)
    long = page(f"<p>{'a ' * 200_000}</p>")
    assert len(read(book({"one": long, "two": long})).text) > 700_000
    with pytest.raises(DocumentError) as caught:
        read(book({"one": long, "two": long, "three": long}))
    assert caught.value.reason == "bomb"


@pytest.mark.parametrize(
    "files",
    [
        {"META-INF/container.xml": "<container/>"},
        {"META-INF/container.xml": CONTAINER},
        {"META-INF/container.xml": CONTAINER, "OPS/book.opf": "<package>"},
    ],
)
def test_a_damaged_book_is_refused(files: dict[str, str | bytes]) -> None:
    with pytest.raises(DocumentError) as caught:
        read(archive(files))
    assert caught.value.reason == "damaged"


def test_a_real_book_is_read(shared: Path) -> None:
    document = read((shared / "inputs" / "epub-valid.epub").read_bytes())
    assert document.text.startswith("## Chapter 1\n\nThis is the text for chapter One\n\n")
    assert "Table of Contents" not in document.text
    assert (document.author, document.date) == ("Bart Hanssens", "2009-10-07")


@pytest.mark.parametrize("written", ["Text/One.xhtml", "text/%6Fne.xhtml", "text\\one.xhtml"])
def test_a_chapter_is_found_however_its_name_is_spelled(written: str) -> None:
    made = book({"one": page("<p>It opened in 2014.</p>")})
    with zipfile.ZipFile(io.BytesIO(made)) as archived:
        files = {name: archived.read(name) for name in archived.namelist()}
    files[f"OPS/{written}"] = files.pop("OPS/text/one.xhtml")
    assert read(archive(files)).text == "It opened in 2014.\n"


def test_older_books_with_named_entities_and_times_are_read() -> None:
    made = book({"one": page("<p>It opened in 2014.</p>")})
    with zipfile.ZipFile(io.BytesIO(made)) as archived:
        files = {name: archived.read(name) for name in archived.namelist()}
    package = files["OPS/book.opf"].replace(b"application/xhtml+xml", b"text/x-oeb1-document")
    package = package.replace(b"Of mills", b"Caf&eacute;s").replace(b"03-04<", b"03-04T05:06:07Z<")
    document = read(archive(files | {"OPS/book.opf": package}))
    assert (document.title, document.date) == ("Cafés", "2015-03-04")
    unknown = package.replace(b"2015-03", b"0101-01")
    assert read(archive(files | {"OPS/book.opf": unknown})).date == ""
