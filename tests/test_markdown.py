"""Markdown is read as its readers see it: structure without marks."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.formats.document import Document
from ingest.formats.reading import read_document

CHINESE = "孵化器为初创企业提供办公场地。"


def read(text: str) -> Document:
    return read_document(text.encode(), "a.md")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Rent is *low* and **stays** ~~so~~ `here`.", "Rent is low and stays so here."),
        ("See [the page](http://a.b/c) or <http://a.b>.", "See the page or http://a.b."),
        ("![a plan of it](x.png)", "a plan of it"),
        ("See [it][1].\n\n[1]: http://a.b 'Title'", "See it."),
        ("One <!-- gone -->two.\n\n<!-- gone\n\nas well -->", "One two."),
        ("<div class='x'>\n\nInside.\n\n</div>", "Inside."),
        ("One<br>two <b>three</b>", "One\ntwo three"),
        ("wrapped\nline", "wrapped\nline"),
        ("> quoted\n> words", "quoted\nwords"),
        ("> [!NOTE] Take care\n> of it.", "Take care\nof it."),
        ("> [!WARNING]\n> Take care.", "Take care."),
        ("* one\n* two\n  1. inner\n  2. other", "- one\n- two\n1. inner\n2. other"),
        ("3. three\n4. four\n\n   More of it.", "3. three\n4. four\n\nMore of it."),
        ("```sh\n# no heading\nls\n```", "\\# no heading\nls"),
        ("    # no heading either", "\\# no heading either"),
        ("A\n***\nB", "A\n\nB"),
        ("2014\\. was it \\# so", "2014. was it # so"),
        ("##没有空格\n正文。\n##include <a> ##", "## 没有空格\n\n正文。\n\n## include"),
        ("**“重点”**内容，`**kw**`", "“重点”内容，**kw**"),
        ("$ x < y $ & z", "$ x < y $ & z"),
    ],
)
def test_marks_are_no_text(source: str, text: str) -> None:
    assert read(f"{CHINESE}\n\n{source}\n").text == f"{CHINESE}\n\n{text}\n"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("# One\n\nText.\n\n## Two {#two}\n\nMore.", "# One\n\nText.\n\n## Two\n\nMore.\n"),
        ("One *of*\n===\n\nText.", "# One of\n\nText.\n"),
        ("# One\n\nText.\n\n# Two\n\nMore.", "## One\n\nText.\n\n## Two\n\nMore.\n"),
        ("Text.\n\n# Two\n\n## Three\n\nMore.", "Text.\n\n## Two\n\n### Three\n\nMore.\n"),
    ],
)
def test_headings_keep_their_order_and_only_a_title_stands_on_top(source: str, text: str) -> None:
    assert read(source).text == text


def test_rows_of_tables_make_sense_alone() -> None:
    table = "| 地区 | 企业 |\n|---|--:|\n| 北 | **3** |\n| 南 | |\n"
    assert read(table).text == "地区：北; 企业：3\n地区：南\n"
    assert read("| | |\n|-|-|\n| Rent | low |\n").text == "Rent: low\n"


def test_containers_are_opened_and_keep_their_titles() -> None:
    source = (
        "::: tip API 参考\n正文*在此*。\n:::\n\n::: details\n- 甲\n:::\n\n::: {.note}\n终。\n:::\n"
    )
    assert read(source).text == "API 参考\n\n正文在此。\n\n- 甲\n\n终。\n"
    assert read(f"```\n:::tip 不是\n```\n\n{CHINESE}").text.startswith(":::tip 不是\n")


def test_notes_stand_apart_at_the_end() -> None:
    source = (
        "Rent is low.[^a] It stays so.[^1]\n\n[^a]: Since *2014*,\nas was said.\n"
        "[^1]: Until\n\n    2020.\n\nAfter the notes.\n"
    )
    assert read(source).text == (
        "Rent is low. It stays so.\n\nAfter the notes.\n\n"
        "## Notes\n\n1. Since 2014,\nas was said.\n2. Until\n2020.\n"
    )


@pytest.mark.parametrize(
    ("front", "told"),
    [
        (
            "---\ntitle: Of mills\nauthor: Ann\ndate: 2015-03-04\n---",
            ("Of mills", "Ann", "2015-03-04"),
        ),
        ("---\ntitle: 'A: B'\nauthors:\n  - Ann\n  - name: Bo\n---", ("A: B", "Ann, Bo", "")),
        ("---\ntitle: A: B\nauthor: [\n---", ("A: B", "[", "")),
        ('+++\ntitle = "Of mills"\ndate = 2015-03-04\n+++', ("Of mills", "", "2015-03-04")),
        ("---\nlayout: x\nTitle: 磨坊\n...", ("磨坊", "", "")),
        ("---\nlayout: x\n---", ("Rent", "", "")),
        (
            "---\ntitle: !!python/object/apply:os.getcwd []\n---",
            ("!!python/object/apply:os.getcwd []", "", ""),
        ),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_front_matter_is_no_text_but_tells_of_it(
    front: str, told: tuple[str, str, str], end: str
) -> None:
    document = read(f"{front}\n\n# Rent\n\nLow.\n".replace("\n", end))
    assert (document.title, document.author, document.date) == told
    assert document.text == "# Rent\n\nLow.\n"


def test_a_rule_at_the_top_is_no_front_matter() -> None:
    assert read("---\n\nText.\n\n---\n").text == "Text.\n"


def test_aliases_of_aliases_do_not_grow() -> None:
    rows = "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 40))
    document = read(f"---\na0: &a0 [x]\n{rows}title: *a39\n---\n\nText.\n")
    assert len(document.title) <= 200


def test_a_real_page_of_documentation_is_read(shared: Path) -> None:
    source = (shared / "inputs" / "md-zh-frontmatter.md").read_bytes()
    document = read_document(source, "reactivity.md")
    assert document.title == "响应式基础"
    assert document.text.startswith("# 响应式基础\n\nAPI 参考\n\n本页和后面很多页面中")
    for mark in (":::", "outline: deep", "](", "{#", "```", "</div>\n\n##"):
        assert mark not in document.text
    assert "\n## 声明响应式状态 *\n" in document.text


def test_addresses_below_a_note_are_no_part_of_it() -> None:
    text = read("Rent[^1] is [low][a].\n\n[^1]: Since 2014.\n[a]: http://a.b").text
    assert text == "Rent is low.\n\n## Notes\n\n1. Since 2014.\n"


def test_a_time_of_day_is_no_part_of_the_date() -> None:
    assert read("+++\ndate = 2024-01-02T03:04:05Z\n+++\nRent is low.").date == "2024-01-02"
