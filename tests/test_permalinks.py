"""Permalinks: an address finds its words again, whatever happened around them."""

from __future__ import annotations

import time
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from assistant.types import Span
from assistant.web.permalinks import find_words, linked_words, permalink, permalink_of

from .web_records import source_of

# Few letters, so that words repeat; white space, wide forms and what an address must encode.
LETTERS = st.text("ab 　\n。Ａ&=#%+?/\"'<é\u202e", max_size=40)
TEXTS = st.one_of(st.text(max_size=300), st.lists(LETTERS, max_size=20).map("".join))


def followed(address: str, text: str) -> Span | None:
    """Where a server that gets the address finds the words."""
    query = {key: values[-1] for key, values in parse_qs(urlsplit(address).query).items()}
    return find_words(text, *linked_words(query))


@st.composite
def spans(draw: st.DrawFn) -> tuple[str, int, int]:
    text = draw(TEXTS.filter(bool))
    start = draw(st.integers(0, len(text) - 1))
    return text, start, draw(st.integers(start + 1, len(text)))


@given(spans())
def test_a_link_leads_to_the_very_place_it_was_made_for(span: tuple[str, int, int]) -> None:
    text, start, end = span
    assert followed(permalink(source_of(text), start, end), text) == Span(start, end)


@given(spans(), TEXTS, TEXTS)
def test_a_link_finds_the_same_words_after_text_came_before_and_behind_them(
    span: tuple[str, int, int], before: str, behind: str
) -> None:
    text, start, end = span
    address = permalink(source_of(text), start, end)
    first = linked_words({k: v[-1] for k, v in parse_qs(urlsplit(address).query).items()})[0]
    edited = text[:start] + before + text[start:end] + behind + text[end:]
    words = text[start:end]
    if first != words:
        # Of long words only both ends are known: another text between the same ends may be nearer.
        assume(edited.count(first) == 1)
    found = followed(address, edited)
    assert found is not None
    assert edited[found.start : found.end] == words


@given(st.dictionaries(st.sampled_from(["words", "to", "at", "ui"]), st.text(st.characters())))
def test_no_query_whatever_makes_it_fail(query: dict[str, str]) -> None:
    words, to, at = linked_words(query)
    found = find_words("One firm. Two firms.", words, to, at)
    assert found is None or found.end <= 20


@pytest.mark.parametrize(
    ("words", "to"),
    [
        ("Vanke signed an agreement", ""),
        ("Vanke signed\u3000an\n agreement", ""),
        ("Ｖanke ｓigned an agreement", ""),
        ("Ｖanke", "agree\nment"),
    ],
)
def test_white_space_and_width_do_not_matter_where_nothing_is_equal(words: str, to: str) -> None:
    text = "In 2015 Vanke signed an\nagreement with Provenience."
    assert find_words(text, words, to, 0) == Span(8, 33)


def test_long_words_are_told_by_their_ends_and_outlive_an_edit_between_these() -> None:
    text = "".join(f"Firm number {number} grew in that year. " for number in range(40))
    address = permalink_of("doc", text, 0)
    assert len(address) < 500
    edited = text.replace("Firm number 20 grew", "Firm number 20 shrank")
    assert followed(address, f"New.\n\n{edited}") == Span(6, 6 + len(edited))


def test_a_huge_query_against_a_text_of_one_letter_takes_no_more_than_its_share() -> None:
    text, many = "a" * 1_000_000, "a" * 60_000
    began = time.monotonic()
    for words, to in ((f"{many}b{many}", ""), (many, "b"), (many, many), (f"b{many}", "a")):
        find_words(text, words, to, 500_000)
    # Time that grew with the product of both lengths took minutes.
    assert time.monotonic() - began < 20
