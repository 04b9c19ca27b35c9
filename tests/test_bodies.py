"""Names of issuing bodies and authors in the reader's language."""

from __future__ import annotations

import tomllib

import pytest

from assistant.bodies import author_in, body_in, names_of
from assistant.types import Language

from .browser import ROOT

DIGEST = "Digest: A|甲; original: State Council|国务院"


@pytest.mark.parametrize(
    ("given", "language", "shown"),
    [
        ("State Council|国务院", "zh", "国务院"),
        ("State Council|国务院", "en", "State Council"),
        ("Somebody Else", "zh", "Somebody Else"),
        ("Fish|Chips", "zh", "Fish|Chips"),
        ("", "zh", ""),
        (DIGEST, "zh", "摘要：甲；原文：国务院"),
        (DIGEST, "en", "Digest: A; original: State Council"),
        ("machine translation by some-model", "zh", "机器翻译：some-model"),
        ("A; B", "zh", "A; B"),
    ],
)
def test_a_name_is_shown_in_the_language_it_is_given_in(
    given: str, language: Language, shown: str
) -> None:
    assert author_in(given, language) == shown


def test_every_name_of_the_shipped_sources_has_a_chinese_form() -> None:
    rows = tomllib.loads((ROOT / "corpus/sources.toml").read_text(encoding="utf-8"))["source"]
    assert len(rows) == 5
    for row in rows:
        assert body_in(row["translation_by"], "zh") == "报告助手项目"
        if row["publisher"] == "BOP Consulting":  # a company under one name
            continue
        assert len(names_of(row["publisher"])) == 2
        assert author_in(row["author"], "zh").startswith("摘要：报告助手项目；原文：")
        assert "|" not in author_in(row["author"], "en")
