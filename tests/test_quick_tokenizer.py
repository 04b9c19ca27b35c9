"""The small tokenizer gives the tokens of the whole one, for any text."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from assistant.retrieval.bundled_model import materialise
from assistant.retrieval.quick_tokenizer import IDS_PATH, MAX_TOKENS, QuickTokenizer
from assistant.settings import Settings


def test_any_text_gets_the_tokens_of_the_whole_tokenizer() -> None:
    folder = materialise(Settings().cache)
    quick, whole = QuickTokenizer(folder), Tokenizer.from_file(str(folder / "tokenizer.json"))

    @settings(deadline=None)
    @given(st.text(max_size=60))
    @example("query: Who did Vanke sign an agreement with?")
    @example("query: 萬科在哪裡開設了孵化器？ 万科和谁签署了协议？")
    @example("Rui’an Property ½ № ﬁnancial — “quotes”; 5 µm and 5 μm")
    @example("Ελλάδα, Москва, 東京タワー, 서울")
    @example("ﾃｽﾄ <s> <mask> </s> emoji 😀 and ～")
    @example("incubators in China " * 400)
    def check(text: str) -> None:
        ids = quick.ids(text)
        assert ids == whole.encode(text).ids
        cut = quick.cut_ids(text)
        assert cut == (ids if len(ids) <= MAX_TOKENS else [*ids[: MAX_TOKENS - 1], ids[-1]])
        inner = whole.encode(text, add_special_tokens=False)
        assert quick.pieces(text) == (inner.ids, inner.offsets)

    check()
    # What it is for: a large part of the vocabulary is left out.
    assert (folder / IDS_PATH).stat().st_size // 4 < 0.6 * whole.get_vocab_size()
