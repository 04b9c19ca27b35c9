"""What must agree across languages: the names of the glossary, and the figures of a text."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.retrieval.figures import figures
from assistant.retrieval.glossary import Glossary
from assistant.retrieval.language import simplified

from .conftest import ROOT

GLOSSARY = ROOT / "corpus" / "glossary.tsv"


def glossary_rows() -> list[list[tuple[str, ...]]]:
    """English, Simplified and Traditional names of every row."""
    lines = GLOSSARY.read_text(encoding="utf-8").splitlines()[1:]
    return [[tuple(cell.split("|")) for cell in line.split("\t")[:3]] for line in lines]


def test_every_name_of_the_glossary_is_found_where_it_stands_alone(glossary: Glossary) -> None:
    names = [name for row in glossary_rows() for cell in row for name in cell]
    assert len(names) > 800
    assert [name for name in names if [n for n, _ in glossary.found_in(name)] != [name]] == []


def test_the_glossary_s_traditional_forms_are_forms_of_its_chinese_names() -> None:
    for _, chinese, traditional in glossary_rows():
        assert chinese == tuple(simplified(name) for name in chinese)
        assert set(chinese) & {simplified(name) for name in traditional}


@pytest.mark.parametrize(
    ("chinese", "english"),
    [
        ("63.6万亿元", "63.6 trillion yuan"),
        ("近100个", "nearly 100"),
        ("2016年5月26日", "May 26, 2016"),
        ("1.6万公里", "16,000-kilometre"),
        ("１２万", "120 thousand"),
        ("数千家", "thousands"),
    ],
)
def test_the_same_figure_in_both_languages_is_one(chinese: str, english: str) -> None:
    assert figures(chinese) == figures(english)


@pytest.mark.parametrize(
    ("chinese", "english"),
    [("16亿", "16 billion"), ("5月", "June"), ("3.1%", "3%"), ("10万", "10")],
)
def test_different_figures_differ(chinese: str, english: str) -> None:
    assert figures(chinese) != figures(english)


def test_the_verb_may_is_no_month() -> None:
    assert figures("Firms may grow.") == frozenset()
    assert figures("in May 2016") == {"5", "2016"}


@given(st.integers(1, 10**7), st.sampled_from([("万", 4), ("亿", 8), ("万亿", 12)]))
def test_a_number_written_with_wan_or_yi_equals_the_one_with_million(
    count: int, unit: tuple[str, int]
) -> None:
    sign, power = unit
    value = Decimal(count) * 10**power
    million = f"{(value / 10**6).normalize():f} million"
    assert figures(f"共{count}{sign}元") == figures(million) == figures(f"{int(value):,} yuan")
