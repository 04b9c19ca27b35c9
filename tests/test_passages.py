"""Passages: exact slices with lasting names, cut where a citation can point."""

from __future__ import annotations

import re
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import Assistant, Settings
from assistant.retrieval.embeddings import question_embeddings
from assistant.retrieval.sentences import split_prose
from assistant.types import Passage, Source
from ingest.passages import split_source

from .web_records import source_of

PIECES = [
    *("\n", "\n\n", "\r\n", "\n \t\n", " ", "\u2028", "\f", "　", "# ", "## ", "\n# Title\n"),
    *("\n### Part\n", "He left.", "Dr. Lee spoke. ", "他来了。", "你呢？”", "孵化器", "Vanke"),
    *("3.5%", "#tag", "；", "“", "\n- ", "一、", "word ", "…"),
]
TEXTS = st.one_of(st.lists(st.sampled_from(PIECES), max_size=60).map("".join), st.text(max_size=80))
LIMITS = st.integers(1, 200)


def split(text: str | Source, *, limit: int = 10_000) -> list[Passage]:
    """The passages of a text in which every character counts as a token."""
    of = source_of(text) if isinstance(text, str) else text
    return split_source(of, count_tokens=len, passage_tokens=limit)


LINES = st.lists(
    st.one_of(
        st.just(("", "")),
        st.just(("## Part", "## 部分")),
        st.tuples(
            st.sampled_from(["He left.", "One; two. Three.", " Wide.  ", "Odd\u2028mark.\r"]),
            st.sampled_from(["他走了。", "一；二。三。", "  宽。 ", "怪\f符。\r"]),
        ),
    ),
    max_size=20,
)


@given(TEXTS, LIMITS)
def test_passages_are_slices_that_hold_every_word_but_the_headings_once(
    text: str, limit: int
) -> None:
    passages = split(text, limit=limit)
    for passage in passages:
        assert text[passage.start : passage.end] == passage.text
        edges = [edge for span in passage.sentences for edge in (span.start, span.end)]
        assert edges == sorted(edges)
        assert (edges[0], edges[-1]) == (passage.start, passage.end)
        sizes = [span.end - span.start for span in passage.sentences]
        assert len(sizes) == 1 or sum(sizes) <= limit
    assert all(one.end <= two.start for one, two in pairwise(passages))
    body = [line for line in text.split("\n") if not re.match(r"#{1,6}[ \t]", line)]
    held = [p.sentence(i) for p in passages for i in range(len(p.sentences))]
    assert "".join("".join(held).split()) == "".join("".join(body).split())
    ids = [passage.id for passage in passages]
    assert len(set(ids)) == len(ids)
    assert ids == [passage.id for passage in split(text, limit=limit)]


@given(LINES, LIMITS)
def test_translated_sentences_are_the_other_texts_lines_at_the_same_places(
    lines: list[tuple[str, str]], limit: int
) -> None:
    theirs = "\n".join(other for _, other in lines)
    passages = split(source_of("\n".join(line for line, _ in lines), theirs), limit=limit)
    pairs = [
        (p.sentence(i), p.sentence_in(i, "zh")) for p in passages for i in range(len(p.sentences))
    ]
    assert pairs == [
        (line.strip(), other.strip())
        for line, other in lines
        if line.strip() and not line.startswith("#")
    ]
    for passage in passages:
        other = passage.translation
        assert other is not None
        assert theirs[other.start :].startswith(other.text)
        assert other.sentences[-1].end == other.start + len(other.text)


def test_ids_outlive_edits_elsewhere_and_differ_between_sources() -> None:
    before = split("First.\n\nSecond.\n\nSecond.")
    after = split("A new one.\n\nFirst, longer than before.\n\nSecond.\n\nSecond.")
    assert [passage.id for passage in after[2:]] == [passage.id for passage in before[1:]]
    assert before[0].id not in {passage.id for passage in after}
    (other,) = split(source_of("Second.", id="other"))
    assert other.id not in {passage.id for passage in before}


@pytest.mark.parametrize(
    ("text", "passages"),
    [
        (
            "# Title\n\nLead.\n\n## Part one\nA.\n\nB.\n\n# Annex\n\nC.\n",
            [("Lead.", ""), ("A.", "Part one"), ("B.", "Part one"), ("C.", "Annex")],
        ),
        ("#incubators are many.", [("#incubators are many.", "")]),
        ("A one.\nA two.\n \t\nB.", [("A one.\nA two.", ""), ("B.", "")]),
        (" \n\n\t\n", []),
    ],
)
def test_headings_name_the_passages_below_them_and_are_none(
    text: str, passages: list[tuple[str, str]]
) -> None:
    assert [(p.text, p.heading) for p in split(text)] == passages


@pytest.mark.parametrize(
    ("text", "limit", "passages"),
    [
        ("One two. Three four. Five six.", 22, ["One two. Three four.", "Five six."]),
        ("One two. Three four.", 18, ["One two.", "Three four."]),
    ],
)
def test_a_long_paragraph_is_cut_at_sentence_ends(
    text: str, limit: int, passages: list[str]
) -> None:
    assert [p.text for p in split(text, limit=limit)] == passages


def test_passages_of_the_shipped_corpus_are_translated_slices_that_the_model_sees_whole(
    assistant: Assistant, built_settings: Settings
) -> None:
    index, model = assistant.index, question_embeddings(built_settings)
    passages = [p for id_ in index.records for p in index.passages_of(id_)]
    assert len(passages) > 40
    for passage in passages:
        of = index.sources[passage.source_id]
        assert of.text[passage.start : passage.end] == passage.text
        title = f"{of.title(passage.language)} · {passage.heading}"
        assert model.count_tokens(f"passage: {title}\n{passage.text}") <= 512
        assert passage.translation is not None
        assert passage.text.count("\n") + 1 == len(passage.translation.sentences)


# Prose without a sentence a line

ZH = [
    "孵化器为初创企业提供办公场地和导师，并协助其办理工商登记。",
    "二〇一五年共有一千二百家企业入驻，其中三分之一来自海外，主要从事软件、医药和新材料。",
    "这些企业共获得十六亿元投资。",
]
EN = [
    "The incubator opened in 2014 on the third floor of a former textile mill in\nYangpu.",
    "It offers desks, mentors and a workshop to forty young firms, most of\nwhich were founded "
    "by students.",
    "Dr. Lin has led it since.",
    "About a third of the\ntenants come from abroad.",
]


def cut(text: str) -> list[str]:
    return [text[span.start : span.end] for span in split_prose(text, 0, len(text))]


def test_wrapped_prose_is_cut_at_sentences_rather_than_lines() -> None:
    assert cut(" ".join(EN)) == EN
    for width in range(24, 60):  # marks hang over the edge
        wrapped = "\n".join(re.findall(rf".{{{width}}}[，。、]?|.+", "".join(ZH)))
        assert [sentence.replace("\n", "") for sentence in cut(wrapped)] == ZH


@pytest.mark.parametrize(
    "sentences",
    [
        ["It grew. ", "It fell; then it grew again."],
        ["企业增加了。", "投资下降了！", "为什么？"],
        ["一、总体要求\n", "为深入贯彻落实。", "各地应当执行。"],
        ["- Open offices\n", "- Train founders"],
        ["Of all the firms that the survey asked in the spring of that year, about\n"
         "12.5 per cent had an office abroad, and most of those were in California."],
        ["region: North. East; firms: 3, of which one is large\n", "region: South; firms: 4\n",
         "The rows end here; what follows is prose."],
        ["地区：北部; 企业：3; 成立：2014年\n", "地区：南部; 企业：4; 成立：2015年"],
    ],
)  # fmt: skip
def test_a_line_break_ends_a_sentence_only_where_a_reader_would(sentences: list[str]) -> None:
    assert cut("".join(sentences)) == [sentence.strip() for sentence in sentences]


@pytest.mark.parametrize("unit", ["e.g. ", "词"])
def test_a_long_text_without_blank_lines_takes_no_more_than_its_share(unit: str) -> None:
    began = time.monotonic()
    assert split(unit * (400_000 // len(unit)) + "x", limit=256)
    # Time that grew with the square of the length took minutes.
    assert time.monotonic() - began < 20
