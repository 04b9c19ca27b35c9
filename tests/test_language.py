"""Languages, lexical terms and figures."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from assistant.retrieval import language as language_module
from assistant.retrieval.language import is_foreign, question_language, terms


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Who did Vanke sign an agreement with?", "en"),
        ("万科和谁签署了协议？", "zh"),
        ("What does 众创空间 mean?", "en"),
        ("萬科在哪裡開設了孵化器？", "zh"),
        ("How is 大众创业、万众创新 translated?", "en"),
    ],
)
def test_a_question_is_in_the_language_of_its_sentence(text: str, language: str) -> None:
    assert question_language(text) == language


@pytest.mark.parametrize(
    "text",
    [
        "これは何ですか、教えてください",
        "Кто подписал соглашение?",
        "Où se trouve l'incubateur et qui est le directeur ?",
    ],
)
def test_other_languages_are_recognised(text: str) -> None:
    assert is_foreign(text)


@pytest.mark.parametrize(
    "text",
    ["Vanke", "TUM?", "Provenience agreement", "El Niño in the report", "万科 Milan", "Rui’an"],
)
def test_names_alone_are_not_taken_for_another_language(text: str) -> None:
    assert not is_foreign(text)


def test_english_terms_are_stems_without_stop_words() -> None:
    assert terms("The incubators are launching programmes", "en") == ["incub", "launch", "programm"]


def test_chinese_terms_are_characters_and_pairs() -> None:
    assert set(terms("孵化器", "zh")) == {"孵", "化", "器", "孵化", "化器"}


def test_traditional_characters_are_found_by_simplified_ones() -> None:
    assert terms("萬科的國際孵化器", "zh") == terms("万科的国际孵化器", "zh")


ENDINGS = "al ally ational fulness izers ousness ivity ement ements ently ingly edly ation".split()


def test_stems_are_the_same_whatever_other_threads_do() -> None:
    words = [
        f"{a}{b}"
        for a in ("nation", "relat", "incub", "hope", "gen", "sensit", "differ", "govern")
        for b in ENDINGS
    ]
    alone = [terms(word, "en") for word in words]
    language_module._stem.cache_clear()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(lambda word: terms(word, "en"), words))
    finally:
        sys.setswitchinterval(interval)
    assert together == alone
