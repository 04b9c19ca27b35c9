"""Web pages give their article, whatever they are encoded in, and what they say of themselves."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from ingest.formats.document import Document, ReadOptions
from ingest.formats.reading import read_document
from ingest.refusing import DocumentError

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


def read(page: str | bytes, charset: str = "") -> Document:
    data = page if isinstance(page, bytes) else page.encode()
    return read_document(data, "a.html", ReadOptions(charset=charset))


def test_the_article_is_read_with_its_structure_and_nothing_around_it() -> None:
    text = read(PAGE).text
    for part in (
        f"# Of mills\n\n{(SENTENCE * 4).strip()}\n\nRent is low",
        "## Figures\n\nYear: 2014; Firms: 3\nYear: 2015; Firms: 40\n\n",
        "3. Offices\n- Desks\n4. Mentors\n\n",
        "As was said before.\n\n## Notes\n\n1. By the mayor.\n",
    ):
        assert part in text
    for around in ("Home", "Shop", "Also read", "rights reserved", "script words", "↩"):
        assert around not in text


@pytest.mark.parametrize("begin", ["", "<!doctype html>", "<!doctype html><html lang=en>"])
@pytest.mark.parametrize("around", ["main", "article", "section", "header"])
def test_tags_that_may_be_left_out_are_not_missed(begin: str, around: str) -> None:
    said = f"{begin}<title>Of weirs</title><{around}><p>The first.</p></{around}>Then.<p>The last."
    document = read_document(said.encode(), "a.html")
    assert document.text == "The first.\n\nThen.\n\nThe last.\n"
    assert document.title == "Of weirs"


def test_a_page_tells_its_title_author_site_and_date() -> None:
    page = read(PAGE)
    assert (page.title, page.author, page.publisher, page.date, page.format) == (
        *("Of mills", "Ann Lee", "The Harbour Post", "2015-03-04", "html"),
    )


def test_a_year_that_the_text_speaks_of_is_not_the_pages_date() -> None:
    assert read(f"<title>Mills</title><body>{ARTICLE}").date == ""


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<p>Rent is low.</p>", "Rent is low.\n"),
        ("<div>One line<br>another</div>", "One line\nanother\n"),
        ("<body>Bare words.\n\nAnd more.</body>", "Bare words.\n\nAnd more.\n"),
        ('<h1><a href="#r">§</a>Rent<a href="#r">¶</a></h1>Low.', "# Rent\n\nLow.\n"),
        ("<h1>Rent</h1><p>Low.</p>", "# Rent\n\nLow.\n"),
        ("<h1>A</h1><p>One.</p><h1>B</h1><p>Two.</p>", "## A\n\nOne.\n\n## B\n\nTwo.\n"),
        ("<p>孵化器\n   开业 了</p>", "孵化器开业 了\n"),
        ("<pre>a\n  b</pre><p># c</p>", "a\nb\n\n\\# c\n"),
        ("<p>a &lt; b &amp; c&nbsp;d</p>", "a < b & c d\n"),
        ("<p>Seen<span hidden>gone</span><b style='display:none'>gone</b>.</p>", "Seen.\n"),
        ("<p><ruby>漢<rt>kan</rt>字</ruby>在此。</p>", "漢字在此。\n"),
        (
            "<ul><li><a href=/a>One</a><li><a href=/b>Two</a><li><a href=/c>Three</a></ul>",
            "- One\n- Two\n- Three\n",
        ),
        ("<p>\n\nIt is\n\n<a>\n\nlow</a>\n\n.</p>", "It is low .\n"),
        ("<h1>\n\nOf\n\n<i>old</i>\n\nmills</h1><p>Low.</p>", "# Of old mills\n\nLow.\n"),
        ("<div>One.<br><br>Two.<br>Three.</div>", "One.\n\nTwo.\nThree.\n"),
        ("<p>10<sup>6</sup> m<sup>2</sup> on the 1<sup>st</sup></p>", "10⁶ m² on the 1st\n"),
        ("<h2>Rent<span class='mw-editsection'>[edit]</span></h2>Low.", "## Rent\n\nLow.\n"),
        (r'<p>So <img alt="{\displaystyle a+b}"> is.</p>', "So a+b is.\n"),
        (
            '<p>See <img src="x.png" alt="a plan of the mill">.</p>',
            "See a plan of the mill .\n",
        ),
    ],
)
def test_small_pages_keep_all_their_words(page: str, text: str) -> None:
    assert read(page).text == text


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
        ("<tr><td><th>Desks<th>Rent</tr><tr><th>A1<td>a<td>b</tr>", ["A1; Desks: a; Rent: b"]),
        (
            "<tr><td>发文机关：<td>国务院<td>日期：<td>2024年</tr>"
            "<tr><td>标题：<td>通知<td>文号：<td></tr>",
            ["发文机关：国务院; 日期：2024年", "标题：通知; 文号："],
        ),
        ("<tr><td>地区<td>企业</tr><tr><td>北<td>3</tr>", ["地区：北; 企业：3"]),
        ("<tr><td>Rent<td>low</tr><tr><td>Desks<td>new</tr>", ["Rent: low", "Desks: new"]),
        ("<tr><td>a<td>b<td>c</tr>", ["a; b; c"]),
        (
            "<tr><th>City</tr><tr><td>Wuhan</tr><tr><td>Ya'an</tr>",
            ["City: Wuhan", "City: Ya'an"],
        ),
        ("<tr><td colspan=99999>wide<td>1</tr><tr><td>a<td>2</tr>", ["wide; 1", "a; 2"]),
    ],
)
def test_rows_of_tables_make_sense_alone(rows: str, lines: list[str]) -> None:
    assert read(f"<p>Table</p><table>{rows}</table>").text.splitlines()[2:] == lines


@pytest.mark.parametrize(
    ("words", "encoding", "declared", "charset"),
    [
        (CHINESE, "gb18030", "", ""),
        (CHINESE, "gbk", "iso-8859-1", ""),
        (CHINESE, "gbk", "big5", ""),
        (CHINESE, "gbk", "utf-8", "utf-8"),
        (CHINESE, "utf-8", "gb2312", ""),
        (CHINESE, "utf-8-sig", "gb2312", "big5"),
        (CHINESE, "hz", "hz-gb-2312", ""),
        (CHINESE, "utf-16-le", "utf-16", ""),
        (CHINESE, "utf-16-be", "", ""),
        (TRADITIONAL, "big5", "", ""),
        (TRADITIONAL, "big5", "gb2312", ""),
        (TRADITIONAL, "big5", "", "gb2312"),
    ],
)
def test_a_page_is_read_whatever_it_says_of_its_encoding(
    words: str, encoding: str, declared: str, charset: str
) -> None:
    meta = f'<meta http-equiv=Content-Type content="text/html; charset={declared}">'
    page = f"<html><head>{meta if declared else ''}</head><body><p>{words}</p></body></html>"
    assert read(page.encode(encoding), charset).text == f"{words}\n"


def test_the_answers_charset_decides_where_it_fits() -> None:
    page = "<p>They call it пермь and the word is as old as the town.</p>"
    assert "пермь" in read(page.encode("koi8-r"), "koi8-r").text


def test_deeply_nested_elements_are_read_or_refused_but_never_cut() -> None:
    words = "Deep words in English."
    assert read("<div>" * 1_500 + words + "</div>" * 1_500).text == f"{words}\n"
    with pytest.raises(DocumentError, match="nested without end"):
        read(f"<p>Before.</p>{'<div>' * 9_000}{words}{'</div>' * 9_000}")


@pytest.mark.parametrize("page", ["<html><body><script>x</script></body></html>", "<!-- -->"])
def test_a_page_without_words_is_refused_as_empty(page: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read(page)
    assert caught.value.reason == "empty"


def test_compressed_bytes_are_no_page() -> None:
    with pytest.raises(DocumentError) as caught:
        read(gzip.compress(PAGE.encode()))
    assert caught.value.reason in ("binary", "encoding")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("html-big5-nocharset", "「查房」是例行公事"),
        ("html-gb18030-nocharset", "在毕升发明印刷术900多年后"),
        ("html-utf16le-plane1", "Origin (in native language): 𐌓𐌀𐌔𐌍𐌀"),
    ],
)
def test_real_pages_are_read(shared: Path, name: str, words: str) -> None:
    assert words in read((shared / "inputs" / f"{name}.html").read_bytes()).text


def test_a_real_page_in_arabic_is_refused_by_the_encoding_that_it_declares(shared: Path) -> None:
    with pytest.raises(DocumentError, match="Arabic"):
        read((shared / "inputs" / "html-noisy-meta-encoding.html").read_bytes())


def test_an_article_in_a_soup_of_divs_is_found_with_the_title_above_it() -> None:
    def links(*words: str) -> str:
        return "".join(f'<a href="/{i}">{word}</a>' for i, word in enumerate(words))

    paragraphs = "".join(f"<p>第{n}，{CHINESE}{CHINESE * 3}</p>" for n in "一二三四")
    page = (
        "<title>孵化器开业_海港新闻网</title>"
        f"<div class=top>{links('首页', '新闻', '财经', '体育')}</div>"
        "<div class=wrap><div class=head><h1>孵化器开业</h1><i>3月4日 来源：海港报</i></div>"
        f"<div class=content><div id=artibody>{paragraphs}</div></div>"
        f"<div class=related><h3>相关</h3>{links('十座老磨坊', '租金涨', '新港开航')}</div></div>"
        "<div class=foot><p>版权所有 海港新闻网 未经许可不得转载</p></div>"
    )
    document = read(page.encode("gbk"))
    assert document.text.startswith("# 孵化器开业\n\n")
    assert f"\n\n第一，{CHINESE}" in document.text
    assert document.text.endswith(f"第四，{CHINESE * 4}\n")
    assert document.title == "孵化器开业"
    for around in ("首页", "十座老磨坊", "版权所有"):
        assert around not in document.text


def test_the_articles_own_heading_goes_before_the_sites_name() -> None:
    words = "".join(f"<p>In {year}, {SENTENCE * 3}</p>" for year in range(2010, 2014))
    page = (
        "<title>Of mills | Ann's blog</title><body><h1>Ann's blog</h1><article>"
        f"<h2>Of mills</h2><p>March</p><div class=entry>{words}</div></article>"
        "<div id=comments><h3>Comments</h3><ul><li>Thank you for this.</ul></div>"
    )
    document = read(page)
    assert document.title == "Of mills"
    assert document.text.startswith(f"# Of mills\n\nIn 2010, {SENTENCE}")


@pytest.mark.parametrize("closed", ["hidden", "style='display:none'", "aria-hidden=true"])
@pytest.mark.parametrize(
    "button",
    ["<button>Is rent low?</button>", "<h3><button aria-expanded=false>Is rent low?</button></h3>"],
)
def test_answers_that_a_question_opens_are_read(button: str, closed: str) -> None:
    menu = "<div><button>Menu</button><button>Find</button></div><div hidden>Choose a page.</div>"
    text = read(f"<h1>Rent</h1>{menu}{button}<div {closed}><p>Yes, it is.</p></div>").text
    assert "Is rent low?\n\nYes, it is.\n" in text
    assert "Choose" not in text
    assert "Find" not in text


def test_an_article_that_only_a_script_shows_is_read_from_the_pages_data() -> None:
    told = '{"@graph":[{"@type":"NewsArticle","headline":"Of mills","articleBody":"One.\\nTwo."}]}'
    page = f'<script type="application/ld+json">{told}</script><body><div id=root></div>'
    assert read(page).text == "# Of mills\n\nOne.\n\nTwo.\n"
    broken = page.replace("@graph", '"')
    with pytest.raises(DocumentError):
        read(broken)


def test_a_page_laid_out_as_a_table_keeps_its_paragraphs() -> None:
    menu = "".join(f"<tr><td><a href={n}>A page of it</a></td></tr>" for n in range(4))
    page = (
        "<table><tr><td colspan=2></td></tr><tr><td><table>" + menu + "</table></td><td>"
        f"<p>Of mills</p>{SENTENCE}<br><br>{SENTENCE}</td></tr>"
        "<tr><td colspan=2>By Ann</td></tr></table>"
    )
    sentence = SENTENCE.strip()
    assert read(page).text == f"Of mills\n\n{sentence}\n\n{sentence}\n\nBy Ann\n"
