"""Passages: exact slices with lasting names, cut where a citation can point."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import Assistant, Settings
from assistant.embeddings import question_embeddings
from assistant.types import Language, Passage, Source, Translation
from ingest.passages import split_source

PIECES = [
    *(
        "\n",
        "\n\n",
        "\r\n",
        "\n \t\n",
        " ",
        "\u2028",
        "\f",
        "　",
        "# ",
        "## ",
        "\n# Title\n",
        "\n### Part\n",
    ),
    *(
        "He left.",
        "Dr. Lee spoke. ",
        "他来了。",
        "你呢？”",
        "孵化器",
        "Vanke",
        "3.5%",
        "#tag",
        "；",
        "“",
    ),
]
TEXTS = st.one_of(st.lists(st.sampled_from(PIECES), max_size=60).map("".join), st.text(max_size=80))
LIMITS = st.integers(1, 200)


def source(text: str, translation: str | None = None, *, language: Language = "en") -> Source:
    other: Language = "zh" if language == "en" else "en"
    return Source(
        id="tiny",
        title_en="Tiny",
        title_zh="小",
        author="a",
        publisher="p",
        date="2016-01-01",
        language=language,
        url="",
        licence="",
        kind="original",
        sha256="0" * 64,
        text=text,
        translation=None if translation is None else Translation(other, translation, "test"),
    )


def split(text: str | Source, *, limit: int = 10_000) -> list[Passage]:
    """The passages of a text in which every character counts as a token."""
    of = source(text) if isinstance(text, str) else text
    return split_source(of, count_tokens=len, passage_tokens=limit)


def aligned(lines: list[tuple[str, str]]) -> Source:
    return source("\n".join(a for a, _ in lines), "\n".join(b for _, b in lines))


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
).map(aligned)


@given(TEXTS, LIMITS)
def test_every_passage_is_an_exact_slice_of_its_source(text: str, limit: int) -> None:
    for passage in split(text, limit=limit):
        assert text[passage.start : passage.end] == passage.text


@given(TEXTS, LIMITS)
def test_the_sentences_lie_inside_their_passage_in_order_and_reach_its_ends(
    text: str, limit: int
) -> None:
    for passage in split(text, limit=limit):
        edges = [edge for span in passage.sentences for edge in (span.start, span.end)]
        assert edges == sorted(edges)
        assert (edges[0], edges[-1]) == (passage.start, passage.end)


@given(TEXTS, LIMITS)
def test_passages_hold_every_word_but_the_headings_exactly_once(text: str, limit: int) -> None:
    body = [line for line in text.split("\n") if not re.match(r"#{1,6}[ \t]", line)]
    passages = split(text, limit=limit)
    assert all(one.end <= two.start for one, two in pairwise(passages))
    held = [p.sentence(i) for p in passages for i in range(len(p.sentences))]
    assert "".join("".join(held).split()) == "".join("".join(body).split())


@given(TEXTS, LIMITS)
def test_no_passage_of_several_sentences_exceeds_the_limit(text: str, limit: int) -> None:
    for passage in split(text, limit=limit):
        sizes = [span.end - span.start for span in passage.sentences]
        assert len(sizes) == 1 or sum(sizes) <= limit


@given(TEXTS, LIMITS)
def test_ids_are_unique_and_the_same_in_every_run(text: str, limit: int) -> None:
    ids = [passage.id for passage in split(text, limit=limit)]
    assert len(set(ids)) == len(ids)
    assert ids == [passage.id for passage in split(text, limit=limit)]


def test_two_equal_paragraphs_have_different_ids() -> None:
    one, two = split("Same words.\n\nSame words.")
    assert one.text == two.text
    assert one.id != two.id


def test_equal_paragraphs_of_two_sources_have_different_ids() -> None:
    (one,), (two,) = split("Same words."), split(replace(source("Same words."), id="other"))
    assert one.id != two.id


def test_an_edit_leaves_the_ids_of_the_other_paragraphs_alone() -> None:
    before = split("First.\n\nSecond.\n\nThird.")
    after = split("A new one.\n\nFirst, longer than before.\n\nSecond.\n\nThird.")
    assert [passage.id for passage in after[2:]] == [passage.id for passage in before[1:]]
    assert before[0].id not in {passage.id for passage in after}


def test_headings_name_the_passages_below_them_and_are_none() -> None:
    passages = split("# Title\n\nLead.\n\n## Part one\nA.\n\nB.\n\n### Part two\n\nC.\n")
    assert [(p.text, p.heading) for p in passages] == [
        ("Lead.", ""),
        ("A.", "Part one"),
        ("B.", "Part one"),
        ("C.", "Part two"),
    ]


def test_a_heading_without_a_blank_line_before_it_ends_the_passage() -> None:
    assert [(p.text, p.heading) for p in split("A.\n## Part\nB.")] == [("A.", ""), ("B.", "Part")]


def test_a_word_that_begins_with_a_hash_is_no_heading() -> None:
    assert [p.text for p in split("#incubators are many.")] == ["#incubators are many."]


@pytest.mark.parametrize("text", ["", " \n\n\t\n", "# Title\n\n## Part\n"])
def test_a_text_without_sentences_has_no_passages(text: str) -> None:
    assert split(text) == []


def test_lines_of_one_paragraph_are_one_passage_and_white_space_may_stand_between() -> None:
    assert [p.text for p in split("A one.\nA two.\n \t\nB.")] == ["A one.\nA two.", "B."]


def test_a_long_paragraph_is_cut_at_sentence_ends() -> None:
    passages = split("One two. Three four. Five six. Seven eight.", limit=22)
    assert [p.text for p in passages] == ["One two. Three four.", "Five six. Seven eight."]


@pytest.mark.parametrize(("limit", "count"), [(19, 1), (18, 2)])
def test_a_passage_may_be_as_long_as_the_limit_and_no_longer(limit: int, count: int) -> None:
    assert len(split("One two. Three four.", limit=limit)) == count


def test_a_sentence_longer_than_the_limit_is_a_passage_of_its_own() -> None:
    passages = split("Short. This one is far longer than the limit allows. End.", limit=10)
    assert [p.text for p in passages] == [
        "Short.",
        "This one is far longer than the limit allows.",
        "End.",
    ]


def test_a_passage_of_an_untranslated_source_is_in_its_own_language() -> None:
    passages = split("He left the room.\n\n他离开了房间。")
    assert [p.language for p in passages] == ["en", "zh"]


def test_each_sentence_has_the_translation_of_its_line() -> None:
    text = "# T\n\nOne. Still one.\nTwo.\n\n## Part\n\nThree."
    passages = split(source(text, "# 题\n\n一。还是一。\n二。\n\n## 部分\n\n三。"))
    pairs = [
        (p.sentence(i), p.sentence_in(i, "zh")) for p in passages for i in range(len(p.sentences))
    ]
    assert pairs == [("One. Still one.", "一。还是一。"), ("Two.", "二。"), ("Three.", "三。")]


@given(LINES, LIMITS)
def test_translated_sentences_are_the_other_text_s_lines_at_the_same_places(
    of: Source, limit: int
) -> None:
    assert of.translation is not None
    ours, theirs = of.text.split("\n"), of.translation.text.split("\n")
    expected = [
        (line.strip(), other.strip())
        for line, other in zip(ours, theirs, strict=True)
        if line.strip() and not line.startswith("#")
    ]
    found = [
        (passage.sentence(i), passage.sentence_in(i, "zh"))
        for passage in split(of, limit=limit)
        for i in range(len(passage.sentences))
    ]
    assert found == expected


@given(LINES, LIMITS)
def test_a_translation_is_an_exact_slice_of_the_translated_text(of: Source, limit: int) -> None:
    assert of.translation is not None
    for passage in split(of, limit=limit):
        other = passage.translation
        assert other is not None
        assert of.translation.text[other.start :].startswith(other.text)
        last = other.sentences[-1]
        assert (other.sentences[0].start, last.end) == (other.start, other.start + len(other.text))


def test_passages_of_the_shipped_corpus_are_slices_that_the_model_sees_whole(
    assistant: Assistant, built_settings: Settings
) -> None:
    index, model = assistant.index, question_embeddings(built_settings)
    passages = index.passages(index.passage_ids)
    assert len(passages) > 40
    for passage in passages:
        source = index.sources[passage.source_id]
        assert source.text[passage.start : passage.end] == passage.text
        title = f"{source.title(passage.language)} · {passage.heading}"
        assert model.count_tokens(f"passage: {title}\n{passage.text}") <= 512


def test_every_sentence_of_the_shipped_corpus_is_a_line_with_a_translation(
    assistant: Assistant,
) -> None:
    index = assistant.index
    for passage in index.passages(index.passage_ids):
        assert passage.text.split("\n") == [
            passage.sentence(i) for i in range(len(passage.sentences))
        ]
        assert passage.translation is not None
        assert len(passage.translation.sentences) == len(passage.sentences)
