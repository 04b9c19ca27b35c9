"""Sentences: cut where a reader would cut, offsets exact, nothing lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.retrieval.sentences import split_lines, split_sentences
from assistant.types import Span

LONGEST = 900

# Text in which every rule of the splitter has something to do, and text in which none has.
PIECES = [
    *"。！？；…”』）.!?;\"')” \n\t　，,aB二2",
    *("Dr.", "e.g.", "U.S.", "J.", "3.5%", "1.", "No. 5", "孵化器", "Innospace", "……", "?!", " "),
]
MIXED = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=60).map("".join),
    st.text(max_size=80),
)


def cut(text: str) -> list[str]:
    return [text[span.start : span.end] for span in split_sentences(text, 0, len(text))]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("他来了。你呢？好！走吧。", ["他来了。", "你呢？", "好！", "走吧。"]),
        ("什么？！不会吧。", ["什么？！", "不会吧。"]),
        ("投资为3.5亿元。完成。", ["投资为3.5亿元。", "完成。"]),
    ],
)
def test_chinese_is_cut_at_chinese_full_stops(text: str, sentences: list[str]) -> None:
    assert cut(text) == sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("他说：“好。”然后走了。", ["他说：“好。”", "然后走了。"]),
        ("「真的？」「是的。」", ["「真的？」", "「是的。」"]),
        ('He said "Stop." Then he left.', ['He said "Stop."', "Then he left."]),
        ("It works with TUM (Germany.) Next.", ["It works with TUM (Germany.)", "Next."]),
    ],
)
def test_closing_quotes_and_brackets_stay_with_their_sentence(
    text: str, sentences: list[str]
) -> None:
    assert cut(text) == sentences


@pytest.mark.parametrize("mark", ["；", "; "])
def test_a_semicolon_cuts_only_a_long_sentence(mark: str) -> None:
    short, long = "甲方出资" + mark + "乙方出力。", "甲" * 60 + mark + "乙方出力。"
    assert len(cut(short)) == 1
    assert len(cut(long)) == 2


@pytest.mark.parametrize(
    "text",
    [
        "Dr. Smith met Mrs. Jones of Acme Inc. London.",
        "Some firms, e.g. Vanke, invest abroad.",
        "The U.S. Department of Commerce agreed.",
        "The rate rose by 3.5% to 51.2%.",
        "Innospace has worked with Life.Sreda and KISED.",
        "Wait... what is that?",
        "Yahoo! is a firm.",
    ],
)
def test_english_stops_that_end_no_sentence_do_not_cut(text: str) -> None:
    assert cut(text) == [text]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("It ended. Then it began.", ["It ended.", "Then it began."]),
        ("It rose by 3.5%. Then it fell.", ["It rose by 3.5%.", "Then it fell."]),
        (
            "It was founded in 2014. 12 firms joined.",
            ["It was founded in 2014.", "12 firms joined."],
        ),
        ("Dr. Lee left. Mr. Wu stayed.", ["Dr. Lee left.", "Mr. Wu stayed."]),
        ("万科签约。Vanke signed. 完。", ["万科签约。", "Vanke signed.", "完。"]),
    ],
)
def test_english_and_mixed_text_is_cut_at_full_stops(text: str, sentences: list[str]) -> None:
    assert cut(text) == sentences


@given(MIXED)
def test_every_non_space_character_belongs_to_exactly_one_sentence(text: str) -> None:
    spans = split_sentences(text, 0, len(text))
    covered = [i for span in spans for i in range(span.start, span.end)]
    assert covered == sorted(set(covered))
    assert [i for i in covered if not text[i].isspace()] == [
        i for i, character in enumerate(text) if not character.isspace()
    ]


@given(before=MIXED, text=MIXED, after=MIXED)
def test_sentences_of_a_stretch_are_those_of_the_stretch_alone(
    before: str, text: str, after: str
) -> None:
    start, whole = len(before), before + text + after
    alone = [Span(s.start + start, s.end + start) for s in split_sentences(text, 0, len(text))]
    assert split_sentences(whole, start, start + len(text)) == alone


@given(
    unit=st.sampled_from(["word ", "词，", "词", "x", "a, b ", "1.5、", "好。", "Go on. "]),
    count=st.integers(0, 3000),
)
def test_no_sentence_is_longer_than_the_bound_and_none_loses_a_character(
    unit: str, count: int
) -> None:
    text = unit * count
    sentences = cut(text)
    assert all(len(sentence) <= LONGEST for sentence in sentences)
    assert "".join("".join(sentences).split()) == "".join(text.split())


@given(st.text(max_size=80))
def test_lines_are_parted_by_line_feeds_alone(text: str) -> None:
    spans = split_lines(text, 0, len(text))
    assert [text[s.start : s.end] for s in spans] == [
        line.strip() for line in text.split("\n") if line.strip()
    ]
