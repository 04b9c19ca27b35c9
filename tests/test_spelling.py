"""Misspelt words are taken for the sources' own, and names of other things are left alone."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Collection

import pytest

from assistant import Assistant
from assistant.planning.homophones import Homophones
from assistant.planning.plan import Spelling
from assistant.planning.spelling import Vocabulary, respelled
from assistant.retrieval.glossary import Glossary
from assistant.retrieval.language import terms
from assistant.retrieval.words import chinese_words, latin_words, sound_of
from assistant.types import Language

from .conftest import ROOT


@pytest.fixture(scope="module")
def vocabulary(assistant: Assistant, glossary: Glossary) -> Vocabulary:
    return Vocabulary(assistant.index.store, latin_words("\n".join(glossary.names())))


class TextWords:
    """The words of a text, as the store would have them."""

    def __init__(self, text: str) -> None:
        self._words = chinese_words(text)
        self._terms = Counter(terms(text, "zh"))

    def words_of_sound(self, sound: str) -> list[str]:
        return [word for word in self._words if sound_of(word) == sound]

    def term_counts(self, words: Collection[str], language: Language) -> dict[str, int]:
        return {word: self._terms[word] for word in words if word in self._terms}

    def written(self, words: Collection[str]) -> dict[str, int]:
        raise NotImplementedError

    def words_like(self, start: str, shortest: int, longest: int) -> list[tuple[str, str, int]]:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        ("how many questionaires came back", "how many questionnaires came back"),
        ("by which yaer should the goals be met", "by which year should the goals be met"),
        ("innospce在哪个城市", "Innospace在哪个城市"),
        ("the venture captial guidance fund", "the venture capital guidance fund"),
    ],
)
def test_a_misspelt_word_is_taken_for_the_nearest(
    vocabulary: Vocabulary, typed: str, taken: str
) -> None:
    text, spellings = respelled(typed, vocabulary)
    assert text == taken
    assert len(spellings) == 1


def test_the_reply_can_say_what_was_taken_for_what(vocabulary: Vocabulary) -> None:
    _, spellings = respelled("growht of inovation", vocabulary)
    assert spellings == (Spelling("growht", "growth"), Spelling("inovation", "innovation"))


@pytest.mark.parametrize(
    "text",
    [
        "what does Londn do in china",
        "what do hefei, nanning and sina have",
        "did Vancouver take part",
        "wich firms are thre",  # ordinary words: nothing of the sources is meant
        "summarise the organisational dunno",
        "mail x@vank.com or see vank.com",
        "这个report主要讲什么",
    ],
)
def test_what_is_no_slip_is_left_alone(vocabulary: Vocabulary, text: str) -> None:
    assert respelled(text, vocabulary) == (text, ())


def _questions(name: str) -> list[str]:
    lines = (ROOT / "corpus" / "questions" / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines]


@pytest.mark.parametrize("name", ["report-dev.jsonl", "near-misses-fit.jsonl"])
def test_well_spelt_questions_stay(vocabulary: Vocabulary, name: str) -> None:
    assert [q for q in _questions(name) if respelled(q, vocabulary)[1]] == []


def test_four_in_five_slips_are_mended_and_hardly_one_wrongly(vocabulary: Vocabulary) -> None:
    rng = random.Random(20)
    asked = " ".join(_questions("report-dev.jsonl"))
    words = [w for w in re.findall("[A-Za-z]{5,}", asked) if vocabulary.knows(w.lower())]
    mended = wrong = 0
    for word in rng.choices(words, k=200):
        place = rng.randrange(1, len(word) - 1)
        swapped = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
        text = respelled(f"about {swapped.lower()}", vocabulary)[0].lower()
        mended += text == f"about {word.lower()}"
        wrong += text not in (f"about {word.lower()}", f"about {swapped.lower()}")
    assert mended >= 160
    assert wrong <= 4


@pytest.mark.parametrize(
    ("typed", "taken"),
    [("租金的瓶劲是什么", "租金的瓶颈是什么"), ("風險投姿有多少", "风险投资有多少")],
)
def test_a_chinese_word_typed_by_its_sound_is_mended(typed: str, taken: str) -> None:
    words = Homophones(TextWords("租金是一个瓶颈。风险投资有三笔。"))
    text, spellings = words.respelled(typed)
    assert text == taken
    assert len(spellings) == 1


@pytest.mark.parametrize("text", ["公式是什么", "瓶颈有几个", "总理是谁", "的了吗"])
def test_chinese_words_that_are_words_stay(text: str) -> None:
    assert Homophones(TextWords("公示的瓶颈。总理。")).respelled(text) == (text, ())
