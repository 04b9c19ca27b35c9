"""Permalinks: an address finds its words again, whatever happened around them."""

from __future__ import annotations

import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from assistant.types import Source, Span
from ingest.sources import read_corpus
from web.permalinks import find_words, linked_words, permalink, permalink_of

from .conftest import ROOT

# Few letters, so that words repeat; white space, wide forms and what an address must encode.
LETTERS = st.text("ab 　\n。Ａ&=#%+?/\"'<é\u202e", max_size=40)
TEXTS = st.one_of(st.text(max_size=300), st.lists(LETTERS, max_size=20).map("".join))


def source_of(text: str) -> Source:
    facts = dict.fromkeys("title_en title_zh author publisher date url licence sha256".split(), "x")
    return Source(id="doc", language="en", kind="original", text=text, **facts)  # type: ignore[arg-type]


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


HEAD, TAIL = "The firms of the delta grew in the year of the survey. " * 2, "They paid taxes. " * 5


@pytest.mark.parametrize(
    "words",
    [
        "ab" * 200,
        HEAD + "One. " + HEAD + "Two. " + TAIL,
        HEAD + "One. " + TAIL + "Two. " + TAIL,
        (HEAD + "One. " + TAIL) * 3,
    ],
)
def test_long_words_that_repeat_themselves_are_found_from_end_to_end(words: str) -> None:
    text = f"Before. {words}After."
    assert followed(permalink_of("doc", words, 8), text) == Span(8, 8 + len(words))


def test_long_words_are_not_entered_at_an_earlier_copy_of_their_beginning() -> None:
    head = "".join(f"Firm {number} grew. " for number in range(9))
    words = f"{head}All of them paid taxes in full and on time. {head[::-1]}"
    edited = f"{head}Something else. {words}"
    found = followed(permalink_of("doc", words, 0), edited)
    assert found == Span(len(edited) - len(words), len(edited))


@given(st.text(st.characters(), max_size=200), st.text(st.characters(), max_size=50), TEXTS)
def test_no_words_whatever_make_it_fail(words: str, to: str, text: str) -> None:
    found = find_words(text, words, to, 7)
    assert found is None or 0 <= found.start < found.end <= len(text)


@given(st.dictionaries(st.sampled_from(["words", "to", "at", "ui"]), st.text(st.characters())))
def test_no_query_whatever_makes_it_fail(query: dict[str, str]) -> None:
    words, to, at = linked_words(query)
    found = find_words("One firm. Two firms.", words, to, at)
    assert found is None or found.end <= 20


@given(st.text(st.characters(), max_size=200))
def test_every_text_has_an_address_of_plain_characters(words: str) -> None:
    address = permalink_of("doc", words, 3)
    assert address.isascii()
    assert not set(address) & set(" \"'<>`\\()[]")


@pytest.mark.parametrize("at", ["", "-1", "1e9", "９", "²", "9" * 5000, "0x10", " 3", "\ud800"])
def test_a_place_that_is_no_number_counts_as_the_beginning(at: str) -> None:
    assert linked_words({"words": "a", "at": at}) == ("a", "", 0)


@pytest.mark.parametrize("at", [0, 5, 10**12])
def test_of_several_places_the_nearest_is_taken(at: int) -> None:
    text = "Firms grew. Firms grew. Firms grew."
    nearest = {0: 0, 5: 0, 10**12: 24}
    assert find_words(text, "Firms grew.", "", at) == Span(nearest[at], nearest[at] + 11)


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


def test_what_is_equal_comes_before_what_is_similar() -> None:
    assert find_words("a b, then ab", "ab", "", 0) == Span(10, 12)


@pytest.mark.parametrize(
    ("words", "to"), [("", ""), ("", "grew"), (" \n", ""), ("shrank", ""), ("All", "shrank")]
)
def test_words_that_are_not_there_are_not_found(words: str, to: str) -> None:
    assert find_words("All firms grew.", words, to, 0) is None


def test_long_words_are_told_by_their_ends_and_outlive_an_edit_between_these() -> None:
    text = "".join(f"Firm number {number} grew in that year. " for number in range(40))
    address = permalink_of("doc", text, 0)
    assert len(address) < 500
    edited = text.replace("Firm number 20 grew", "Firm number 20 shrank")
    assert followed(address, f"New.\n\n{edited}") == Span(6, 6 + len(edited))


def test_without_words_the_address_is_the_document_s() -> None:
    assert permalink(source_of("abc"), 1, 1) == "/read/doc"


def test_every_line_of_the_shipped_texts_is_found_by_its_link() -> None:
    for source in read_corpus(Path(ROOT / "corpus")).sources:
        start = 0
        for line in source.text.splitlines(keepends=True):
            end = start + len(line.rstrip("\n"))
            if start < end:
                found = followed(permalink(source, start, end), source.text)
                assert found == Span(start, end), line
            start += len(line)


@pytest.mark.parametrize("length", [20_000, 60_000])
def test_a_huge_query_against_a_text_of_one_letter_takes_no_more_than_its_share(
    length: int,
) -> None:
    text, many = "a" * 1_000_000, "a" * length
    began = time.monotonic()
    for words, to in ((f"{many}b{many}", ""), (many, "b"), (many, many), (f"b{many}", "a")):
        find_words(text, words, to, 500_000)
    # Time that grew with the product of both lengths took minutes.
    assert time.monotonic() - began < 20
