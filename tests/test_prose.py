"""Ordinary prose, which has no sentence a line: cut into sentences that are exact slices."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.sentences import split_prose

from .test_passages import split

WRAPPED_EN = (
    "The incubator opened in 2014 on the third floor of a former textile mill in\n"
    "Yangpu. It offers desks, mentors and a workshop to forty young firms, most of\n"
    "which were founded by students. Dr. Lin has led it since. About a third of the\n"
    "tenants come from abroad."
)
ZH = [
    "孵化器为初创企业提供办公场地和导师，并协助其办理工商登记。",
    "二〇一五年共有一千二百家企业入驻，其中三分之一来自海外，主要从事软件、医药和新材料。",
    "这些企业共获得十六亿元投资。",
]


def cut(text: str) -> list[str]:
    return [text[span.start : span.end] for span in split_prose(text, 0, len(text))]


def test_wrapped_english_is_cut_at_sentences_rather_than_lines() -> None:
    assert [" ".join(sentence.split()) for sentence in cut(WRAPPED_EN)] == [
        "The incubator opened in 2014 on the third floor of a former textile mill in Yangpu.",
        "It offers desks, mentors and a workshop to forty young firms, most of which were "
        "founded by students.",
        "Dr. Lin has led it since.",
        "About a third of the tenants come from abroad.",
    ]


@pytest.mark.parametrize("width", range(24, 60))
def test_wrapped_chinese_is_cut_at_sentences_rather_than_lines(width: int) -> None:
    text = "".join(ZH)
    wrapped = "\n".join(re.findall(rf".{{{width}}}[，。、]?|.+", text))  # marks hang over the edge
    assert [sentence.replace("\n", "") for sentence in cut(wrapped)] == ZH


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        # A paragraph on one long line.
        ("It grew. It fell; then it grew again.", ["It grew.", "It fell; then it grew again."]),
        ("企业增加了。投资下降了！为什么？", ["企业增加了。", "投资下降了！", "为什么？"]),
        # A heading without a mark, above a paragraph that stands on one line.
        (
            "一、总体要求\n为深入贯彻落实。各地应当执行。",
            ["一、总体要求", "为深入贯彻落实。", "各地应当执行。"],
        ),
        (
            "Summary\nThe fund invests in young firms.",
            ["Summary", "The fund invests in young firms."],
        ),
        # Items and rows, whatever their length.
        ("- Open offices\n- Train founders", ["- Open offices", "- Train founders"]),
        ("1. Open offices\n2. Train founders", ["1. Open offices", "2. Train founders"]),
        ("（一）提供场地\n（二）提供导师", ["（一）提供场地", "（二）提供导师"]),
        ("| Year | Firms |\n| 2015 | 12 |", ["| Year | Firms |", "| 2015 | 12 |"]),
        # A line that goes on in small letters is not finished.
        ("The fund invests\nin young firms.", ["The fund invests\nin young firms."]),
    ],
)
def test_a_line_break_ends_a_sentence_only_where_a_reader_would(
    text: str, sentences: list[str]
) -> None:
    assert cut(text) == sentences


def test_a_figure_at_the_start_of_a_wrapped_line_is_no_item_of_a_list() -> None:
    text = (
        "Of all the firms that the survey asked in the spring of that year, about\n"
        "12.5 per cent had an office abroad, and most of those were in California."
    )
    assert cut(text) == [text]


@given(
    st.lists(
        st.sampled_from(
            [
                "The firm grew. ",
                "孵化器开业。",
                "\n",
                "\n- ",
                "一、",
                "word ",
                "词",
                "3.5%",
                "…",
                "\n\n",
            ]
        ),
        max_size=60,
    ).map("".join)
)
def test_prose_passages_are_slices_and_lose_nothing(text: str) -> None:
    covered: list[int] = []
    for passage in split(text, limit=40):
        assert text[passage.start : passage.end] == passage.text
        for number, span in enumerate(passage.sentences):
            assert text[span.start : span.end] == passage.sentence(number)
            covered += range(span.start, span.end)
    assert covered == sorted(set(covered))
    assert {i for i, character in enumerate(text) if not character.isspace()} <= set(covered)


def test_a_second_main_heading_names_what_is_below_it() -> None:
    passages = split("# Report\n\nOne.\n\n# Annex\n\nTwo.\n")
    assert [(passage.heading, passage.text) for passage in passages] == [
        ("", "One."),
        ("Annex", "Two."),
    ]


@pytest.mark.parametrize("unit", ["It grew. ", ".", "e.g. ", "词", "ab. cd\n", "。"])
def test_a_long_text_without_blank_lines_takes_no_more_than_its_share(unit: str) -> None:
    began = time.monotonic()
    assert split(unit * (400_000 // len(unit)) + "x", limit=256)
    # Time that grew with the square of the length took minutes.
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    "row",
    [
        "region: North; firms: 3; opened: 2014",
        "Region: North. East; Firms: 3, of which one is large; Opened: 2014",
        "地区：北部; 企业：3; 成立：2014年",
    ],
)
def test_a_row_of_a_table_is_one_sentence(row: str) -> None:
    text = f"{row}\n{row}\nThe rows end here; what follows is prose.\n"
    spans = split_prose(text, 0, len(text))
    assert [text[span.start : span.end] for span in spans][:2] == [row, row]
    assert len(spans) == 3
