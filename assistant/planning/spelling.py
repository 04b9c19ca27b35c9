"""Misspelt words of a question, taken for the nearest word of the sources."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from ..retrieval.language import terms
from ..types import Language
from .plan import Spelling

_ORDINARY = Path(__file__).parent.parent / "data" / "english_words.txt"
_WORD = re.compile(r"(?<![A-Za-z\d.@/])[A-Za-z]{4,}(?![\d@/]|\.[A-Za-z])")
# What a word may end on beside its plain form, and what that ends on instead.
_ENDINGS = (("s", ""), ("es", ""), ("ed", ""), ("ed", "e"), ("ing", ""), ("ing", "e"), ("ly", ""))
_LONG = 9  # letters of a word in which two may be wrong
# How often a word must stand in the sources for each time that another as near to it does.
_CLEARLY = 3


class Words(Protocol):
    """The words that occur in the sources and their records; the store has them."""

    def written(self, words: Collection[str]) -> dict[str, int]:
        """How often each of some lower-case words occurs, however written."""

    def words_like(self, start: str, shortest: int, longest: int) -> list[tuple[str, str, int]]:
        """Words with this first letter and so many letters: as written, in lower case, count."""

    def words_of_sound(self, sound: str) -> list[str]:
        """The Chinese words of one sound, the commonest first."""

    def term_counts(self, words: Collection[str], language: Language) -> dict[str, int]:
        """In how many passages each term occurs; those in none are left out."""


class Vocabulary:
    """The Latin words of the sources, of their records and of the glossary, with their counts."""

    def __init__(self, words: Words, names: Counter[str]) -> None:
        """`names` are the words of the glossary."""
        self._words = words
        self._names = names

    def knows(self, word: str) -> bool:
        """Whether a word, or what it is a form of, stands in the sources."""
        stems = [word.removesuffix(end) + rest for end, rest in _ENDINGS if word.endswith(end)]
        forms = {word, *stems}
        return bool(self._words.written(forms)) or any(n.lower() in forms for n in self._names)

    def _like(self, word: str, most: int) -> tuple[Counter[str], dict[str, str], set[str]]:
        """Words near in length: their counts, their usual spelling, and which are only names."""
        shortest, longest = len(word) - most, len(word) + most
        found = self._words.words_like(word[0], shortest, longest)
        found += [
            (name, name.lower(), count)
            for name, count in self._names.items()
            if name[0].lower() == word[0] and shortest <= len(name) <= longest
        ]
        counts: Counter[str] = Counter()
        shown: dict[str, str] = {}
        for written, lower, count in sorted(found, key=lambda row: -row[2]):
            counts[lower] += count
            shown.setdefault(lower, written)
        return counts, shown, {*counts} - {written for written, _, _ in found}

    def nearest(self, word: str) -> str:
        """The word that a misspelt one is clearly nearest to, as the sources write it, or "".

        An ordinary English word that is nearer shows that none of the sources is meant.
        """
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        most = 1 if len(word) < _LONG else 2
        near: list[tuple[float, int, str]] = []
        counts, shown, names = self._like(word, most)
        for known in (counts, ordinary_words()):
            likely = [w for w in known if w[0] == word[0] and abs(len(w) - len(word)) <= most]
            found = process.extract(word, likely, scorer=OSA.distance, score_cutoff=most, limit=99)
            near += [(edits, -counts[other], other) for other, edits, _ in found]
        if not near:
            return ""
        edits, count, best = min(near)
        rivals = [(n, other) for e, n, other in near if e == edits and other != best]
        # "Wich" is no "with" of the sources: words such as "which" stand for nothing in them.
        if not count or any(not terms(other, "en") for _, other in rivals):
            return ""
        if any(n * _CLEARLY < count and not _are_forms(best, other) for n, other in rivals):
            return ""
        # Many a short name is another's with one letter changed: only a slip of typing is mended.
        slip = len(word) != len(best) or sorted(word) == sorted(best)
        if not slip and len(best) < _LONG - 1 and best in names:
            return ""
        return shown[best]


def respelled(text: str, vocabulary: Vocabulary) -> tuple[str, tuple[Spelling, ...]]:
    """The text with its misspelt words as the sources write them, and which these were.

    A word that the sources know, that is ordinary English, or that is near to nothing (a name of
    something else) stays.
    """
    spellings = []
    for match in _WORD.finditer(text):
        typed = match.group()
        word = typed.lower()
        if vocabulary.knows(word) or typed.isupper() or word in ordinary_words():
            continue
        taken = vocabulary.nearest(word)
        if not taken and word.endswith("s") and (one := vocabulary.nearest(word[:-1])):
            taken = f"{one}s"
        # A capital inside a sentence is a name's: only another name can be meant.
        if taken and (taken[0].isupper() or typed.islower() or not match.start()):
            spellings.append(Spelling(typed, taken))
    for spelling in spellings:
        text = re.sub(rf"(?<![A-Za-z]){spelling.typed}(?![A-Za-z])", spelling.taken, text)
    return text, tuple(dict.fromkeys(spellings))


def _are_forms(word: str, other: str) -> bool:
    return other.startswith(word[:-2]) or word.startswith(other[:-2])


@lru_cache(maxsize=1)
def ordinary_words() -> frozenset[str]:
    """The 50,000 commonest English words."""
    return frozenset(_ORDINARY.read_text(encoding="utf-8").split("\n", 1)[1].split())
