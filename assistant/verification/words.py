"""The words and names of a sentence, and what it denies."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..glossary import Glossary
from ..language import HAN, tagged, terms
from ..questions import names_in
from .general_words import general_words
from .quantities import end_with_unit, without_bounds
from .quantity import Quantity


@dataclass(frozen=True, slots=True)
class Word:
    """A word or name at text[start:end].

    key: what it is compared by. noun: whether it can stand for a name. content: whether it says
    anything by itself; graded: whether a claim stands or falls with it; denied: whether its clause
    denies it.
    """

    start: int
    end: int
    text: str
    key: str
    noun: bool = False
    content: bool = False
    graded: bool = False
    denied: bool = False


@dataclass(frozen=True, slots=True)
class Denial:
    """A word that denies, at text[start:end], and the words of its clause that it denies."""

    start: int
    end: int
    words: tuple[Word, ...]


_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]+(?:['’](?!s\b)[a-z]+)?")
_DENY = re.compile(
    r"\b(?:not(?! only| just| merely)|never|no(?: longer)?(?!\.\s?\d)|none|nobody|nothing|nor|"
    r"neither|without|"
    r"cannot|lack(?:s|ed|ing)?|fail(?:s|ed|ing|ure)?|unable|refus(?:e|es|ed|al)|den(?:y|ies|ied)|"
    r"avoid(?:s|ed|ing)?|evad(?:e|es|ed|ing)|absen(?:t|ce)|hardly|rarely|seldom|"
    r"forbid(?:s|den)?|prohibit(?:s|ed)?|prevent(?:s|ed|ing)?)\b|n['’]t\b|"
    r"不(?![仅但断同少久过错止管论妨一足够佳良利力])|没有|没(?!有)|未(?![来必])|无(?![论人线疑数偿产])|"
    r"并非|(?<![是并除而])非(?![常洲营])|勿|禁止|拒绝|缺乏|缺少|避免|防止|否(?![则])",
    re.IGNORECASE,
)
# As far as a denial reaches: so many words behind it, within its clause.
_REACH = 5
_NO_NAME = re.compile(
    r"[\d.,]+|第[一二三四五六七八九十]|(?:first|second|third|[a-z]+th)|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?",
    re.IGNORECASE,
)
_CURRENCY = re.compile(" dollars?")
_MEASURES = tuple("个家项条名位座部件台辆艘架枚只份处所届册层间张次种类人")
# Chinese words of three characters and more that end so name a body or a place.
_BODY_ENDS = "部局委厅署院省市县州"
# rjieba's tags of words that say something, and of those that can stand for a name.
_CONTENT_TAGS = tuple("nvailjzbstf")
_NOUN_TAGS = tuple("nfsjb")


def words_of(text: str, names: tuple[Word, ...], figures: tuple[Quantity, ...]) -> Iterator[Word]:
    """All words in order: Latin ones, and Chinese ones as rjieba cuts them.

    What is part of a name or figure says nothing by itself.
    """
    found = [*_latin_words(text)]
    if re.search(f"[{HAN}]", text):
        found += _chinese_words(text, figures)
    taken = [(name.start, name.end) for name in names]
    taken += [(figure.start, end_with_unit(text, figure)) for figure in figures]
    for word in sorted(found, key=lambda word: word.start):
        free = not any(start < word.end and word.start < end for start, end in taken)
        yield word if free else replace(word, content=False, graded=False)


def _latin_words(text: str) -> Iterator[Word]:
    table = general_words()
    for match in _LATIN.finditer(text):
        lower = match.group().lower()
        key = table.key(lower)
        content = bool(terms(lower, "en")) and len(lower) > 1
        graded = content and key not in table.light
        noun = match.group()[0].isupper()
        yield Word(*match.span(), match.group(), key, noun, content, graded)


def _chinese_words(text: str, figures: tuple[Quantity, ...]) -> Iterator[Word]:
    light = general_words().light
    # A denial is no part of a word: "不限于" holds "限于".
    cut = _DENY.sub(lambda m: m.group() if m.group().isascii() else " " * len(m.group()), text)
    cut = _blanked(cut, figures)
    end = 0
    for word, tag in tagged(cut):
        place = cut.find(word, end)
        if place >= 0 and re.match(f"[{HAN}]", word):
            content = len(word) > 1 and tag[:1] in _CONTENT_TAGS
            graded = content and word not in light
            noun = tag[:1] in _NOUN_TAGS
            yield Word(place, place + len(word), word, word, noun, content, graded)
        end = max(end, place + len(word))


def _blanked(text: str, figures: tuple[Quantity, ...]) -> str:
    """The text without its figures and the Chinese measure words behind them."""
    signs = list(text)
    for figure in figures:
        end = figure.end + (
            figure.kind == "count" and text[figure.end : figure.end + 1] in _MEASURES
        )
        signs[figure.start : end] = " " * (end - figure.start)
    return "".join(signs)


def names_of(text: str, glossary: Glossary) -> Iterator[Word]:
    """The names of a text in order, none inside another."""
    table = general_words()
    listed = [name for name, entries in glossary.found_in(text) if entries[0].kind != "term"]
    listed += [name for name, _ in table.places.found_in(text)]
    guessed = [part for name in names_in(text, glossary) for part in name.split(" and ")]
    if re.search(f"[{HAN}]", text):
        tags = dict(tagged(text))
        guessed += [word for word in tags if len(word) > 2 and word[-1] in _BODY_ENDS]
        # rjieba's "other proper nouns" are mostly none.
        guessed = [n for n in guessed if n[0].isascii() or tags.get(n, "nr")[:2] != "nz"]
    found: list[Word] = []
    for name in [*_longest_first(listed), *_longest_first(guessed)]:
        if len(name) < 2 or _NO_NAME.fullmatch(name) or name in table.alike:
            continue
        for place in places_of(name, text):
            end = place + len(name)
            inside = any(place < other.end and other.start < end for other in found)
            if not inside and not _CURRENCY.match(text, end):
                found.append(Word(place, end, name, name.lower(), True, True, True))
    return iter(sorted(found, key=lambda name: name.start))


def _longest_first(names: list[str]) -> list[str]:
    return sorted(dict.fromkeys(filter(None, names)), key=len, reverse=True)


def places_of(name: str, text: str) -> Iterator[int]:
    """Where a name stands in a text, in whatever case; a Latin one never inside a longer word."""
    lower, text = name.lower(), text.lower() if len(text.lower()) == len(text) else text
    place = text.find(lower)
    while place >= 0:
        end = place + len(lower)
        before, after = text[place - 1 : place], text[end : end + 1]
        if not (_is_latin(lower[0]) and _is_latin(before)) and not (
            _is_latin(lower[-1]) and _is_latin(after)
        ):
            yield place
        place = text.find(lower, place + 1)


def _is_latin(sign: str) -> bool:
    return sign.isascii() and sign.isalnum()


def denials_of(
    text: str, words: list[Word], breaks: tuple[tuple[int, int], ...]
) -> Iterator[Denial]:
    """The words of a text that deny; what they deny ends with their clause."""
    words = sorted((word for word in words if word.content), key=lambda word: word.start)
    for match in _DENY.finditer(without_bounds(text)):
        clause = bisect_right(breaks, (match.end(), 10**6))
        behind = [word for word in words if word.start >= match.end()]
        behind = [word for word in behind if bisect_right(breaks, (word.start, 10**6)) == clause]
        # "非暴力" is one word in two.
        yield Denial(*match.span(), tuple(behind[: 1 if match.group() == "非" else _REACH]))
