"""Web pages give their article, books their chapters, and both what they say of themselves."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from ingest import DocumentError
from ingest.formats import zips
from ingest.formats.document import Document, ReadOptions
from ingest.formats.reading import read_document

from .epub_files import CONTAINER, book, page
from .word_files import archive

SENTENCE = "The mill in the old harbour was made into an incubator with forty desks in 2014. "
ARTICLE = f"<h1>Of mills</h1><p>{SENTENCE * 4}</p><p>Rent is low, and {SENTENCE * 3}</p>"
NAVIGATION = "".join(f'<li><a href="/{word}">{word}</a></li>' for word in ("Home", "News", "Shop"))
PAGE = f"""<!doctype html><html lang="en"><head><title>Of mills | The Harbour Post</title>
<meta property="og:site_name" content="The Harbour Post"><meta name="author" content="Ann Lee">
<meta property="article:published_time" content="2015-03-04T08:00:00Z">
<script>let hidden = "script words";</script></head><body>
<header><ul>{NAVIGATION}</ul></header><nav><ul>{NAVIGATION}</ul></nav>
<main><article>{ARTICLE}
<h2>Figures</h2>
<table><thead><tr><th>Year</th><th>Firms</th></tr></thead>
<tbody><tr><td>2014</td><td>3</td></tr><tr><td>2015</td><td>40</td></tr></tbody></table>
<ol start="3"><li>Offices<ul><li>Desks</li></ul></li><li>Mentors</li></ol>
<p>As was said<sup><a href="#n1">1</a></sup> before.</p>
<section role="doc-endnotes"><ol><li id="n1">By the mayor. <a href="#r1">↩</a></li></ol></section>
</article></main>
<aside><p>Also read: ten mills that you must see before the summer ends this year.</p></aside>
<footer><p>© The Harbour Post. All rights reserved.</p></footer></body></html>"""
CHINESE = "孵化器为初创企业提供办公场地和导师，租金低于市场价的一半。"
TRADITIONAL = "孵化器為初創企業提供辦公場地和導師，租金低於市價的一半。"


def read(source: str | bytes, name: str = "a.html", charset: str = "") -> Document:
    data = source if isinstance(source, bytes) else source.encode()
    return read_document(data, name, ReadOptions(charset=charset))


def reason(source: str | bytes, name: str = "a.html") -> str:
    with pytest.raises(DocumentError) as caught:
        read(source, name)
    return caught.value.reason


# Web pages


def test_the_article_is_read_with_its_structure_and_nothing_around_it() -> None:
    document = read(PAGE)
    assert (document.title, document.author, document.publisher, document.date) == (
        *("Of mills", "Ann Lee", "The Harbour Post", "2015-03-04"),
    )
    for part in (
        f"# Of mills\n\n{(SENTENCE * 4).strip()}\n\nRent is low",
        "## Figures\n\nYear: 2014; Firms: 3\nYear: 2015; Firms: 40\n\n",
        "3. Offices\n- Desks\n4. Mentors\n\n",
        "As was said before.\n\n## Notes\n\n1. By the mayor.\n",
    ):
        assert part in document.text
    for around in ("Home", "Shop", "Also read", "rights reserved", "script words", "↩"):
        assert around not in document.text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (
            "<title>T</title><main><p>The first.</p></main>Then.<p>The last.",
            "The first.\n\nThen.\n\nThe last.\n",
        ),
        ("<h1>A</h1><p>One.</p><h1>B</h1><p>Two.</p>", "## A\n\nOne.\n\n## B\n\nTwo.\n"),
        ("<p>孵化器\n   开业 了</p>", "孵化器开业 了\n"),
        ("<pre>a\n  b</pre><p># c</p>", "a\nb\n\n\\# c\n"),
        ("<p>Seen<span hidden>gone</span><b style='display:none'>gone</b>.</p>", "Seen.\n"),
        ("<p>10<sup>6</sup> m<sup>2</sup> on the 1<sup>st</sup></p>", "10⁶ m² on the 1st\n"),
        ("<ul><li><a href=/a>One</a><li><a href=/b>Two</a></ul>", "- One\n- Two\n"),
    ],
)
def test_small_pages_keep_all_their_words(source: str, text: str) -> None:
    assert read(source).text == text


@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        (
            "<tr><th rowspan=2>Region<th colspan=2>2014</tr><tr><th>Firms<th>Desks</tr>"
            "<tr><td>North<td>3<td>40</tr>",
            ["Region: North; 2014 Firms: 3; 2014 Desks: 40"],
        ),
        (
            "<tr><th>Region<th>Year<th>Firms</tr><tr><td rowspan=2>North<td>2014<td>3</tr>"
            "<tr><td>2015<td></tr><tr><td colspan=3>closed since</tr>",
            ["Region: North; Year: 2014; Firms: 3", "Region: North; Year: 2015", "closed since"],
        ),
        ("<tr><th>Type<td>Boat</tr><tr><th>Seats<td>200</tr>", ["Type: Boat", "Seats: 200"]),
        ("<tr><td>地区<td>企业</tr><tr><td>北<td>3</tr>", ["地区：北; 企业：3"]),
        ("<tr><td colspan=99999>wide<td>1</tr><tr><td>a<td>2</tr>", ["wide; 1", "a; 2"]),
    ],
)
def test_rows_of_tables_make_sense_alone(rows: str, lines: list[str]) -> None:
    assert read(f"<p>Table</p><table>{rows}</table>").text.splitlines()[2:] == lines


@pytest.mark.parametrize(
    ("words", "encoding", "declared", "charset"),
    [
        (CHINESE, "gbk", "utf-8", "utf-8"),
        (CHINESE, "utf-8-sig", "gb2312", "big5"),
        (CHINESE, "utf-16-le", "utf-16", ""),
        (TRADITIONAL, "big5", "", "gb2312"),
        ("They call it пермь and the word is as old as the town.", "koi8-r", "", "koi8-r"),
    ],
)
def test_a_page_is_read_whatever_it_says_of_its_encoding(
    words: str, encoding: str, declared: str, charset: str
) -> None:
    meta = f'<meta http-equiv=Content-Type content="text/html; charset={declared}">'
    source = f"<html><head>{meta if declared else ''}</head><body><p>{words}</p></body></html>"
    assert read(source.encode(encoding), charset=charset).text == f"{words}\n"


def test_deeply_nested_elements_are_read_or_refused_but_never_cut() -> None:
    words = "Deep words in English."
    assert read("<div>" * 1_500 + words + "</div>" * 1_500).text == f"{words}\n"
    with pytest.raises(DocumentError, match="nested without end"):
        read(f"<p>Before.</p>{'<div>' * 9_000}{words}{'</div>' * 9_000}")


def test_a_page_without_words_is_refused() -> None:
    assert reason("<html><body><script>x</script></body></html>") == reason("<!-- -->") == "empty"
    assert reason(gzip.compress(PAGE.encode())) in ("binary", "encoding")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("html-big5-nocharset", "「查房」是例行公事"),
        ("html-utf16le-plane1", "Origin (in native language): 𐌓𐌀𐌔𐌍𐌀"),
    ],
)
def test_real_pages_are_read(shared: Path, name: str, words: str) -> None:
    assert words in read((shared / "inputs" / f"{name}.html").read_bytes()).text


def test_a_real_page_in_arabic_is_refused_by_the_encoding_that_it_declares(shared: Path) -> None:
    with pytest.raises(DocumentError, match="Arabic"):
        read((shared / "inputs" / "html-noisy-meta-encoding.html").read_bytes())


def test_an_article_that_only_a_script_shows_is_read_from_the_pages_data() -> None:
    told = '{"@graph":[{"@type":"NewsArticle","headline":"Of mills","articleBody":"One.\\nTwo."}]}'
    source = f'<script type="application/ld+json">{told}</script><body><div id=root></div>'
    assert read(source).text == "# Of mills\n\nOne.\n\nTwo.\n"
    assert reason(source.replace("@graph", '"')) == "empty"


# Books


def test_chapters_come_in_the_order_of_the_spine_below_their_headings() -> None:
    made = book(
        {
            "two": page("<h1>Rent</h1><p>It is low.</p><h2>Why</h2><p>The city pays.</p>"),
            "one": page("<h1>The mill</h1><p>It opened in 2014.</p>"),
        },
        spine="one two",
    )
    document = read(made, "a.epub")
    assert document.text == (
        "## The mill\n\nIt opened in 2014.\n\n## Rent\n\nIt is low.\n\n### Why\n\nThe city pays.\n"
    )
    assert (document.title, document.author, document.publisher, document.date) == (
        *("Of mills", "Ann Lee, Bo Li", "Harbour Press", "2015-03-04"),
    )


def test_cover_navigation_and_contents_are_left_out_but_name_chapters() -> None:
    links = '<h1>Contents</h1><ol><li><a href="one.xhtml">第一章</a></li></ol>'
    made = book(
        {
            "cover": page("<p>A drawing.</p>", ' epub:type="cover"'),
            "nav": page(f'<nav epub:type="toc">{links}</nav>'),
            "listing": page(links),
            "one": page(f"<p>{CHINESE}</p>"),
            "two": page("<h1>第二章</h1><p>租金低。</p>"),
        }
    )
    text = read(made, "a.epub").text
    assert text.endswith(f"## 第一章\n\n{CHINESE}\n\n## 第二章\n\n租金低。\n")
    assert "Contents" not in text
    assert "drawing" not in text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<html><body><p>It opened<br>in 2014.", "It opened\nin 2014.\n"),
        (page(f"<p>{CHINESE}</p>").replace('"utf-8"', '"gbk"').encode("gbk"), f"{CHINESE}\n"),
        (
            page(
                '<p>Rent&nbsp;is low&mdash;so far<a epub:type="noteref" href="#n">1</a>.</p>'
                '<aside epub:type="footnote" id="n"><p>In 2014.</p></aside>'
            ),
            "Rent is low—so far.\n\n## Notes\n\nIn 2014.\n",
        ),
    ],
)
def test_pages_of_books_are_read_in_whatever_form(source: str | bytes, text: str) -> None:
    assert read(book({"one": source}), "a.epub").text == text


def test_files_outside_of_the_archive_are_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("hunter2")
    entity = f'<!DOCTYPE html [<!ENTITY x SYSTEM "file://{secret}">]>'
    source = page("<p>Rent is &x; low.</p>").replace("<!DOCTYPE html>", entity)
    assert "hunter2" not in read(book({"one": source}), "a.epub").text


def test_books_whose_text_is_locked_are_refused_and_locked_fonts_do_no_harm() -> None:
    def locked(cipher: str) -> bytes:
        method = f'<EncryptionMethod Algorithm="{cipher}"/>'
        listed = f'<encryption><EncryptedData xmlns="e">{method}</EncryptedData></encryption>'
        return book({"one": page(f"<p>{CHINESE}</p>")}, encryption=listed)

    assert read(locked("http://www.idpf.org/2008/embedding"), "a.epub").text == f"{CHINESE}\n"
    assert reason(locked("http://www.w3.org/2001/04/xmlenc#aes256-cbc"), "a.epub") == "encrypted"


def test_chapters_count_together_towards_what_may_be_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(zips, "UNPACKED_MB", 1)
    long = page(f"<p>{'a ' * 200_000}</p>")
    assert len(read(book({"one": long, "two": long}), "a.epub").text) > 700_000
    assert reason(book({"one": long, "two": long, "three": long}), "a.epub") == "bomb"


@pytest.mark.parametrize(
    "files",
    [
        {"META-INF/container.xml": "<container/>"},
        {"META-INF/container.xml": CONTAINER},
        {"META-INF/container.xml": CONTAINER, "OPS/book.opf": "<package>"},
    ],
)
def test_a_damaged_book_is_refused(files: dict[str, str | bytes]) -> None:
    assert reason(archive(files), "a.epub") == "damaged"


def test_a_real_book_is_read(shared: Path) -> None:
    document = read((shared / "inputs" / "epub-valid.epub").read_bytes(), "a.epub")
    assert document.text.startswith("## Chapter 1\n\nThis is the text for chapter One\n\n")
    assert "Table of Contents" not in document.text
    assert (document.author, document.date) == ("Bart Hanssens", "2009-10-07")


def test_an_article_in_a_soup_of_divs_is_found_with_the_title_above_it() -> None:
    def links(*words: str) -> str:
        return "".join(f'<a href="/{i}">{word}</a>' for i, word in enumerate(words))

    paragraphs = "".join(f"<p>第{n}，{CHINESE}{CHINESE * 3}</p>" for n in "一二三四")
    document = read(
        (
            "<title>孵化器开业_海港新闻网</title>"
            f"<div class=top>{links('首页', '新闻', '财经', '体育')}</div>"
            "<div class=wrap><div class=head><h1>孵化器开业</h1><i>3月4日 来源：海港报</i></div>"
            f"<div class=content><div id=artibody>{paragraphs}</div></div>"
            f"<div class=related><h3>相关</h3>{links('十座老磨坊', '租金涨', '新港')}</div></div>"
            "<div class=foot><p>版权所有 海港新闻网 未经许可不得转载</p></div>"
        ).encode("gbk")
    )
    assert document.text.startswith(f"# 孵化器开业\n\n第一，{CHINESE}")
    assert document.text.endswith(f"第四，{CHINESE * 4}\n")
    assert document.title == "孵化器开业"
