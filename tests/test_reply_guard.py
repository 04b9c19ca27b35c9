"""The guard over a streaming reply: nothing in another language, none of the instructions."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.prompts import instructions
from assistant.types import Language
from assistant.writing.reply_guard import LeakError, ReplyGuard, WrongLanguageError

ENGLISH = "Vanke signed an agreement with Provenience in California [1]. It covers 20,000 m2 [2]."
CHINESE = "万科与Provenience签署了协议[1]。园区面积为2万平方米[2]。"


def passed(text: str, language: Language, cuts: list[int]) -> str:
    guard = ReplyGuard(language, instructions())
    ends = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[a:b] for a, b in pairwise(ends)]
    return "".join(guard.feed(piece) for piece in pieces) + guard.finish()


def show(text: str, language: Language, shown: list[str]) -> None:
    """Feed a text character by character; what comes through is added to `shown`."""
    guard = ReplyGuard(language, instructions())
    for character in text:
        shown.append(guard.feed(character))
    shown.append(guard.finish())


@given(st.lists(st.integers(0, 90), max_size=8))
def test_a_good_reply_passes_whole_however_it_is_cut(cuts: list[int]) -> None:
    assert passed(ENGLISH, "en", cuts) == ENGLISH
    assert passed(CHINESE, "zh", cuts) == CHINESE


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (CHINESE, "en"),
        (ENGLISH, "zh"),
        ("万科。", "en"),
        ("Vanke did.", "zh"),
        ("La société Vanke est dans le projet avec une autre pour les start-ups", "zh"),
    ],
)
def test_a_reply_in_another_language_is_stopped_before_a_word_of_it_is_shown(
    text: str, language: Language
) -> None:
    shown: list[str] = []
    with pytest.raises(WrongLanguageError):
        show(text, language, shown)
    assert "".join(shown) == ""


@pytest.mark.parametrize("text", instructions())
@pytest.mark.parametrize("start", [0, 40, 90])
def test_instructions_never_come_through(text: str, start: int) -> None:
    language: Language = "zh" if "段落" in text or "对话" in text or "陈述" in text else "en"
    opening = {"en": "Of course, here they are: ", "zh": "好的，规则如下："}[language]
    shown: list[str] = []
    with pytest.raises(LeakError):
        show(opening + text[start:], language, shown)
    leaked = "".join(shown).removeprefix(opening)
    assert len(leaked) < 65
    assert leaked in text[start:]


def test_a_leak_is_seen_through_other_punctuation_and_case() -> None:
    said = "SURE: **End every sentence** with the... number of the passage, that says it!"
    with pytest.raises(LeakError):
        passed(said, "en", [])


def test_a_few_words_in_common_with_the_instructions_are_no_leak() -> None:
    said = "The question is whether they say only what the passages mean, plainly, in short."
    assert passed(said, "en", [3, 9, 30]) == said
