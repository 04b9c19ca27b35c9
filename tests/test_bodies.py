"""Names of issuing bodies and authors in the reader's language."""

from __future__ import annotations

import tomllib

import pytest

from assistant.bodies import author_in, body_in, made_from, names_of
from assistant.types import Language

from .browser import ROOT


@pytest.mark.parametrize(
    ("given", "language", "shown"),
    [
        ("General Office of the State Council", "zh", "国务院办公厅"),
        ("国务院办公厅", "en", "General Office of the State Council"),
        ("科技部", "en", "Ministry of Science and Technology"),
        ("Ministry of Science and Technology", "zh", "科学技术部"),
        ("Somebody Else", "zh", "Somebody Else"),
        ("", "zh", ""),
    ],
)
def test_a_known_body_has_its_name_in_either_language(
    given: str, language: Language, shown: str
) -> None:
    assert body_in(given, language) == shown


def test_who_made_a_digest_is_told_apart_from_who_wrote_the_original() -> None:
    made = made_from("Digest: A B;  original:\nC; D")
    assert made == ("Digest", "A B", "C; D")
    assert made_from("A; B") is None


@pytest.mark.parametrize(
    ("author", "shown"),
    [
        ("Digest: A; original: State Council", "摘要：A；原文：国务院"),
        ("Translation: 甲; original: Tongji University", "译文：甲；原文：同济大学"),
        ("machine translation by some-model", "机器翻译：some-model"),
        ("A; B", "A; B"),
        ("", ""),
    ],
)
def test_authors_are_told_in_chinese_as_far_as_they_are_known(author: str, shown: str) -> None:
    assert author_in(author, "zh") == shown
    assert author_in(author, "en") == author


def test_every_name_of_the_shipped_sources_has_a_chinese_form() -> None:
    rows = tomllib.loads((ROOT / "corpus/sources.toml").read_text(encoding="utf-8"))["source"]
    assert len(rows) == 5
    for row in rows:
        if row["publisher"] == "BOP Consulting":  # a company under one name
            continue
        assert len(names_of(row["publisher"])) > 1, row["publisher"]
        made = made_from(row["author"])
        assert made
        assert len(names_of(made.of)) > 1, made.of
        assert author_in(row["author"], "zh").startswith("摘要：报告助手项目；原文：")
