"""Addresses that open a document at certain words, wherever these stand by then.

The words are the address: short ones whole, of long ones the beginning and the end. So it outlives
a rebuild, and every edit of the document that leaves the words alone.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from urllib.parse import quote

from ..types import Source, Span

# Longer words are told by this many characters of both ends, so that an address stays short;
# `_ends` takes more where they repeat themselves.
_SIDE = 60
# No place in a text takes more digits; int() refuses thousands of them.
_DIGITS = 12


def permalink(source: Source, start: int, end: int) -> str:
    """The address of `source.text[start:end]`; see `permalink_of`."""
    return permalink_of(source.id, source.text[start:end], start)


def permalink_of(source_id: str, words: str, at: int) -> str:
    """The address, relative to the server, that opens a document at these words of it.

    `at`, where they begin, only decides between several occurrences. Without words it is the
    address of the whole document.
    """
    address = f"/read/{_encoded(source_id)}"
    return f"{address}?{_query(words, at)}#target" if words else address


def picture_of(source_id: str, quotes: Iterable[tuple[str, int]]) -> str:
    """The address of a picture of the page on which the first of these words stand, all marked.

    quotes: words and where they begin, as in `permalink_of`.
    """
    queries = "&".join(_query(words, at) for words, at in quotes)
    return f"/read/{_encoded(source_id)}/page?{queries}"


def linked_words(query: Mapping[str, str]) -> tuple[str, str, int]:
    """What `find_words` is to look for, from a permalink's query; whatever is odd counts as absent.

    The words are "" where the query names none.
    """
    at = query.get("at", "")
    is_place = at.isascii() and at.isdecimal() and len(at) <= _DIGITS
    return query.get("words", ""), query.get("to", ""), int(at) if is_place else 0


def linked_places(query: Sequence[tuple[str, str]]) -> list[tuple[str, str, int]]:
    """What `linked_words` gives, of each of the words that a picture's query names."""
    places: list[dict[str, str]] = []
    for key, value in query:
        if key == "words":
            places.append({})
        if places:
            places[-1][key] = value
    return [linked_words(place) for place in places]


def find_words(text: str, words: str, to: str = "", at: int = 0) -> Span | None:
    """Where a text has `words` or, with `to`, all from `words` to the next `to`.

    Of several places it is the one that begins nearest to `at`. What does not stand there to the
    letter is looked for without regard to white space and to the width of characters (Ａ is A).
    """
    if not words:
        return None
    if exact := _nearest(text, words, to, at):
        return exact
    # The table gives one character for one, so that places stay what they are.
    narrow = text.translate(_narrow())
    places = [i for i, character in enumerate(narrow) if not character.isspace()]
    first, last = ("".join(part.translate(_narrow()).split()) for part in (words, to))
    if not first:
        return None
    folded = "".join([narrow[i] for i in places])
    found = _nearest(folded, first, last, bisect_left(places, at))
    return Span(places[found.start], places[found.end - 1] + 1) if found else None


def _query(words: str, at: int) -> str:
    first, last = _ends(words)
    to = f"&to={_encoded(last)}" if last else ""
    return f"words={_encoded(first)}{to}&at={at}"


def _encoded(text: str) -> str:
    # Half a surrogate pair has no UTF-8; it becomes a question mark, and is not found again.
    return quote(text, safe="", errors="replace")


def _ends(words: str) -> tuple[str, str]:
    """The beginning and the end that tell the words, or all of them and ""."""
    side = _SIDE
    while 2 * side < len(words):
        first, last = words[:side], words[-side:]
        # Words that repeat themselves could be cut short, or entered late.
        if _next(words, first, last, 0) == Span(0, len(words)):
            return first, last
        side *= 2
    return words, ""


def _nearest(text: str, first: str, last: str, at: int) -> Span | None:
    at = max(0, min(at, len(text)))
    after = _next(text, first, last, at)
    before = _previous(text, first, last, after.start if after else len(text))
    if before is None or after is None:
        return before or after
    return after if after.start - at <= at - before.start else before


# A place is the shortest way from `first` to `last`: it holds neither a later `first` nor an
# earlier `last`. Places are looked for from `at` in both directions, and never counted: a link
# may ask for one letter in a book.


def _next(text: str, first: str, last: str, at: int) -> Span | None:
    """The first place that begins at `at` or later."""
    start = text.find(first, at)
    if start < 0:
        return None
    end = text.find(last, start + len(first))
    if end < 0:
        return None
    return Span(_find_last(text, first, start, end), end + len(last))


def _previous(text: str, first: str, last: str, before: int) -> Span | None:
    """The last place that begins earlier than `before`, given that none begins there or later.

    Or, where one begins there, the one in front of it.
    """
    end = _find_last(text, last, 0, min(before + len(first) - 1 + len(last), len(text)))
    start = _find_last(text, first, 0, end) if end >= 0 else -1
    return _next(text, first, last, start) if start >= 0 else None


def _find_last(text: str, part: str, start: int, end: int) -> int:
    # str.find takes time that grows with the text; str.rfind multiplies it by the part.
    back = text[start:end][::-1].find(part[::-1])
    return end - back - len(part) if back >= 0 else -1


@lru_cache(maxsize=1)
def _narrow() -> dict[int, str]:
    """The usual form of every character of full or half width, where it is one character."""
    forms = {code: unicodedata.normalize("NFKC", chr(code)) for code in range(0xFF01, 0xFFEF)}
    return {code: form for code, form in forms.items() if len(form) == 1}
