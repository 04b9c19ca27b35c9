"""The small tokenizer gives the tokens of the whole one, for any text."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from assistant.bundled_model import materialise
from assistant.quick_tokenizer import IDS_PATH, MAX_TOKENS, QuickTokenizer
from assistant.settings import Settings


@pytest.fixture(scope="module")
def folder() -> Path:
    return materialise(Settings().cache)


@pytest.fixture(scope="module")
def quick(folder: Path) -> QuickTokenizer:
    return QuickTokenizer(folder)


@pytest.fixture(scope="module")
def whole(folder: Path) -> Tokenizer:
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


@pytest.mark.parametrize(
    "text",
    [
        "query: Who did Vanke sign an agreement with?",
        "query: 万科和谁签署了协议？",
        "query: 萬科在哪裡開設了孵化器？",
        "Rui’an Property ½ № ﬁnancial — “quotes”",
        "5 µm and 5 μm",
        "Ελλάδα, Москва, 東京タワー, 서울",
        "ﾃｽﾄ",
        "",
        "<s> <mask> </s>",
        "emoji 😀 and ～",
    ],
)
def test_the_tokens_are_those_of_the_whole_tokenizer(
    quick: QuickTokenizer, whole: Tokenizer, text: str
) -> None:
    assert quick.ids(text) == whole.encode(text).ids


def test_any_text_gets_the_tokens_of_the_whole_tokenizer(
    quick: QuickTokenizer, whole: Tokenizer
) -> None:
    @settings(max_examples=300, deadline=None)
    @given(st.text(max_size=60))
    def check(text: str) -> None:
        assert quick.ids(text) == whole.encode(text).ids

    check()


def test_a_long_text_is_cut_where_the_model_ends_and_closed(
    quick: QuickTokenizer, whole: Tokenizer
) -> None:
    text = "incubators in China " * 400
    whole.enable_truncation(MAX_TOKENS)
    try:
        assert quick.cut_ids(text) == whole.encode(text).ids
    finally:
        whole.no_truncation()


def test_a_large_part_of_the_vocabulary_is_left_out(folder: Path, whole: Tokenizer) -> None:
    kept = (folder / IDS_PATH).stat().st_size // 4
    assert kept < 0.6 * whole.get_vocab_size()
