"""A sentence taken apart for comparison: its words, names, numbers and clauses, and what it denies.

Which words mean the same, the opposite or nothing much stands in `data/general_words.txt`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from ...planning.questions import names_in
from ...retrieval.figures import Quantity, numbers_in, one_width
from ...retrieval.glossary import Glossary
from ...retrieval.language import HAN, simplified, tagged, terms
from ...types import Language

_TABLE = Path(__file__).parents[2] / "data" / "general_words.txt"
_HAN = re.compile(f"[{HAN}]")
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
# "No less than 30" and "不超过" bound a number and deny nothing.
_BOUND = re.compile(
    r"\b(?:no|not|never) (?!longer\b(?! than))(?:\w+ )?(?:more|greater|higher|larger|longer|later|"
    r"over|above|less|fewer|lower|smaller|shorter|earlier|under|below)\b|\b(?:not|never) exceed|"
    r"不(?:得|能|应|可|会)?(?:少于|低于|小于|下于|超过|高于|多于|大于|超)|未满|未超过|"
    r"不[足到](?=[\d零一二三四五六七八九两十百千])",
    re.IGNORECASE,
)
# What the end of a clause sets its two sides apart by, in words; 2 to 8 grade 296 claims alike.
_CLAUSE_ENDS = 5
# As far as a denial reaches, in words behind it within its clause: 4 to 6 grade 296 claims alike,
# 3 loses one, 8 raises one alarm more.
_REACH = 5
_NO_NAME = re.compile(
    r"[\d.,]+|第[一二三四五六七八九十]|(?:first|second|third|[a-z]+th)|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?",
    re.IGNORECASE,
)
# Chinese words of three characters and more that end so name a body or a place.
_BODY_ENDS = "部局委厅署院省市县州"
# rjieba's tags of words that say something.
_CONTENT_TAGS = tuple("nvailjzbstf")
# Where clauses end. Full-width punctuation has become usual; a comma inside a number parts nothing.
_BREAKS = re.compile(
    r"[;:—。()]|,(?!\d)|\b(?:but|while|whereas|although|though)\b|而(?!且)|但", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Word:
    """A word or name at text[start:end].

    key: what it is compared by. content: whether it says anything by itself; graded: whether a
    claim stands or falls with it; denied: whether its clause denies it.
    """

    start: int
    end: int
    text: str
    key: str
    content: bool = False
    graded: bool = False
    denied: bool = False


@dataclass(frozen=True, slots=True)
class Denial:
    """A word that denies, at text[start:end], and the words of its clause that it denies."""

    start: int
    end: int
    words: tuple[Word, ...]


Part = Word | Quantity


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence in Simplified characters of one width, and what stands in it, in order.

    written: the sentence as it came where its places are the same, else the text. breaks: where
    its clauses end. at: the places of words by key, and by the number of a group of like words.
    content: the words that say anything, the names and the figures.
    """

    text: str
    written: str
    language: Language
    words: tuple[Word, ...]
    names: tuple[Word, ...]
    figures: tuple[Quantity, ...]
    breaks: tuple[int, ...]
    denials: tuple[Denial, ...]
    at: dict[str | int, tuple[int, ...]]
    content: tuple[Part, ...]

    def said(self, part: Part | Denial) -> str:
        """A part as it was written."""
        return self.written[part.start : part.end]

    def clause(self, place: int) -> int:
        """The number of the clause that holds a place."""
        return bisect_right(self.breaks, place)

    def position(self, place: int) -> int:
        """How many words that say anything stand up to a place; a clause's end counts for some."""
        before = bisect_right(self.content, place, key=lambda part: part.start)
        return before + _CLAUSE_ENDS * self.clause(place)

    def is_denied(self, place: int) -> bool:
        """Whether the word or name that stands at a place is denied."""
        words = (*self.words, *self.names)
        return any(word.denied for word in words if word.start <= place < word.end)


@lru_cache(maxsize=2_048)
def take_apart(written: str, language: Language, glossary: Glossary) -> Sentence:
    """The parts of a sentence; those of the last two thousand are kept."""
    text = one_width(simplified(written))
    figures = numbers_in(text)
    names = tuple(_names_of(text, glossary))
    inside = {n for part in names for n in range(part.start + 1, part.end)}
    inside |= {n for part in figures for n in range(part.start + 1, part.end)}
    breaks = tuple(m.start() for m in _BREAKS.finditer(text) if m.start() not in inside)
    words = tuple(_words_of(text, names, figures))
    denials = tuple(_denials_of(text, [*words, *names], breaks))
    denied = [word for denial in denials for word in denial.words]
    # What is denied twice is not denied.
    words, names = (
        tuple(replace(word, denied=denied.count(word) % 2 == 1) for word in those)
        for those in (words, names)
    )
    content = [word for word in words if word.content]
    written = written if len(written) == len(text) else text
    return Sentence(
        text, written, language, words, names, figures, breaks, denials,
        at=_places(words),
        content=tuple(sorted((*content, *names, *figures), key=lambda part: part.start)),
    )  # fmt: skip


def _places(words: tuple[Word, ...]) -> dict[str | int, tuple[int, ...]]:
    alike = general_words().alike
    at: dict[str | int, list[int]] = {}
    for word in words:
        for name in (word.key, *alike.get(word.key, ())):
            at.setdefault(name, []).append(word.start)
    return {name: tuple(places) for name, places in at.items()}


def _words_of(text: str, names: tuple[Word, ...], figures: tuple[Quantity, ...]) -> Iterator[Word]:
    """All words in order: Latin ones, and Chinese ones as rjieba cuts them.

    What is part of a name or figure says nothing by itself.
    """
    found = [*_latin_words(text)]
    if _HAN.search(text):
        found += _chinese_words(text, figures)
    taken = [(name.start, name.end) for name in names]
    taken += [(figure.start, figure.end) for figure in figures]
    for word in sorted(found, key=lambda word: word.start):
        free = not any(start < word.end and word.start < end for start, end in taken)
        yield word if free else replace(word, content=False, graded=False)


def _latin_words(text: str) -> Iterator[Word]:
    table = general_words()
    for match in _LATIN.finditer(text):
        lower = match.group().lower()
        key = table.key(lower)
        content = bool(terms(lower, "en")) and len(lower) > 1
        yield Word(*match.span(), match.group(), key, content, content and key not in table.light)


def _chinese_words(text: str, figures: tuple[Quantity, ...]) -> Iterator[Word]:
    light = general_words().light
    # A denial is no part of a word ("不限于" holds "限于"), nor is a figure with its measure word.
    signs = list(text)
    for match in _DENY.finditer(text):
        if not match.group().isascii():
            signs[slice(*match.span())] = " " * len(match.group())
    for figure in figures:
        signs[figure.start : figure.end] = " " * (figure.end - figure.start)
    cut, end = "".join(signs), 0
    for word, tag in tagged(cut):
        place = cut.find(word, end)
        if place >= 0 and _HAN.match(word):
            content = len(word) > 1 and tag[:1] in _CONTENT_TAGS
            yield Word(place, place + len(word), word, word, content, content and word not in light)
        end = max(end, place + len(word))


def _names_of(text: str, glossary: Glossary) -> Iterator[Word]:
    """The names of a text in order, none inside another."""
    listed = [name for name, entries in glossary.found_in(text) if entries[0].kind != "term"]
    guessed = [part for name in names_in(text, glossary) for part in name.split(" and ")]
    if _HAN.search(text):
        tags = dict(tagged(text))
        guessed += [word for word in tags if len(word) > 2 and word[-1] in _BODY_ENDS]
        # rjieba's "other proper nouns" are mostly none.
        guessed = [n for n in guessed if n[:1].isascii() or tags.get(n, "nr")[:2] != "nz"]
    found: list[Word] = []
    for name in [*_longest_first(listed), *_longest_first(guessed)]:
        if len(name) < 2 or _NO_NAME.fullmatch(name) or name in general_words().alike:
            continue
        for place in places_of(name, text):
            end = place + len(name)
            inside = any(place < other.end and other.start < end for other in found)
            if not inside:
                found.append(Word(place, end, name, name.lower(), True, True))
    return iter(sorted(found, key=lambda name: name.start))


def _longest_first(names: list[str]) -> list[str]:
    return sorted(dict.fromkeys(names), key=len, reverse=True)


def places_of(name: str, text: str) -> Iterator[int]:
    """Where a name stands in a text, in whatever case; a Latin one never inside a longer word."""
    for match in _name_pattern(name).finditer(text):
        yield match.start()


@lru_cache(maxsize=4_096)
def _name_pattern(name: str) -> re.Pattern[str]:
    before = "(?<![A-Za-z0-9])" if name[0].isascii() and name[0].isalnum() else ""
    after = "(?![A-Za-z0-9])" if name[-1].isascii() and name[-1].isalnum() else ""
    return re.compile(before + re.escape(name) + after, re.IGNORECASE)


def _denials_of(text: str, words: list[Word], breaks: tuple[int, ...]) -> Iterator[Denial]:
    """The words of a text that deny; what they deny ends with their clause."""
    words = sorted((word for word in words if word.content), key=lambda word: word.start)
    for match in _DENY.finditer(_BOUND.sub(lambda m: " " * len(m.group()), text)):
        clause = bisect_right(breaks, match.end())
        behind = [
            word
            for word in words
            if word.start >= match.end() and bisect_right(breaks, word.start) == clause
        ]
        # "非暴力" is one word in two.
        yield Denial(*match.span(), tuple(behind[: 1 if match.group() == "非" else _REACH]))


@dataclass(frozen=True, slots=True)
class GeneralWords:
    """The table of `data/general_words.txt`, by the key of a word: English stems, Chinese words.

    alike: the groups that a word stands in; opposed: the pairs, with its side in each, 0 or 1.
    negative: words that deny as "not" does, though not everywhere.
    """

    alike: dict[str, frozenset[int]]
    opposed: dict[str, frozenset[tuple[int, int]]]
    light: frozenset[str]
    negative: frozenset[str]
    irregular: dict[str, str]

    def key(self, word: str) -> str:
        """What a word in lower case is looked up and compared by."""
        return _key(self.irregular.get(word, word))


@lru_cache(maxsize=1)
def general_words() -> GeneralWords:
    """The table, read once."""
    lines: dict[str, list[str]] = {}
    section: list[str] = []
    for line in _TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = lines.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            section.append(line)
    irregular = {form: row.split()[0] for row in lines["irregular"] for form in row.split()}

    def keys(line: str) -> Iterator[str]:
        return (_key(irregular.get(word, word)) for word in line.replace("|", " ").split())

    alike: dict[str, set[int]] = {}
    for number, line in enumerate(lines["alike"]):
        for key in keys(line):
            alike.setdefault(key, set()).add(number)
    opposed: dict[str, set[tuple[int, int]]] = {}
    for number, line in enumerate(lines["opposed"]):
        for side, words in enumerate(line.split("≠")):
            for key in keys(words):
                opposed.setdefault(key, set()).add((number, side))
    return GeneralWords(
        alike={key: frozenset(groups) for key, groups in alike.items()},
        opposed={key: frozenset(poles) for key, poles in opposed.items()},
        light=frozenset(key for line in lines["light"] for key in keys(line)),
        negative=frozenset(key for line in lines["negative"] for key in keys(line)),
        irregular=irregular,
    )


@lru_cache(maxsize=20_000)
def _key(word: str) -> str:
    stems = terms(word, "en") if word.isascii() else ()
    return stems[0] if len(stems) == 1 else word
