"""Misspelt words of a question, taken for the nearest word of the sources."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from ..bodies import made_from
from ..retrieval.glossary import Glossary
from ..retrieval.language import terms
from ..types import Source
from .plan import Spelling

_ORDINARY = Path(__file__).parent.parent / "data" / "english_words.txt"
_WORD = re.compile(r"(?<![A-Za-z\d.@/])[A-Za-z]{4,}(?![\d@/]|\.[A-Za-z])")
_SOURCE_WORD = re.compile(r"[A-Za-z]{4,}")
# What a word may end on beside its plain form, and what that ends on instead.
_ENDINGS = (("s", ""), ("es", ""), ("ed", ""), ("ed", "e"), ("ing", ""), ("ing", "e"), ("ly", ""))
_LONG = 9  # letters of a word in which two may be wrong
# How often a word must stand in the sources for each time that another as near to it does.
_CLEARLY = 3


class Vocabulary:
    """The Latin words of some sources, of their records and of the glossary, with their counts."""

    def __init__(self, texts: Iterable[str]) -> None:
        """Count the words of the texts; 8 million letters take about 0.2 s."""
        written: Counter[str] = Counter()
        for text in texts:
            written.update(_SOURCE_WORD.findall(text))
        self._counts: Counter[str] = Counter()
        self._shown: dict[str, str] = {}
        for word, count in written.most_common():
            self._counts[word.lower()] += count
            self._shown.setdefault(word.lower(), word)
        self._names = {word for word in self._counts if word not in written}

    @classmethod
    def of(cls, sources: Sequence[Source], glossary: Glossary) -> Vocabulary:
        """The words of the sources in both of their languages, of their cards and the glossary."""
        texts = [*glossary.names()]
        for s in sources:
            texts += [s.text, s.translation.text if s.translation else ""]
            texts += [
                s.title_en,
                s.title_zh,
                made.of if (made := made_from(s.author)) else s.author,
            ]
            texts.append(s.publisher)
        return cls(texts)

    def knows(self, word: str) -> bool:
        """Whether a word, or what it is a form of, stands in the sources."""
        return word in self._counts or any(
            word.endswith(end) and word.removesuffix(end) + rest in self._counts
            for end, rest in _ENDINGS
        )

    def nearest(self, word: str) -> str:
        """The word that a misspelt one is clearly nearest to, as the sources write it, or "".

        An ordinary English word that is nearer shows that none of the sources is meant.
        """
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        most = 1 if len(word) < _LONG else 2
        near: list[tuple[float, int, str]] = []
        for known in (self._counts, ordinary_words()):
            likely = [w for w in known if w[0] == word[0] and abs(len(w) - len(word)) <= most]
            found = process.extract(word, likely, scorer=OSA.distance, score_cutoff=most, limit=99)
            near += [(edits, -self._counts[other], other) for other, edits, _ in found]
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
        if not slip and len(best) < _LONG - 1 and best in self._names:
            return ""
        return self._shown[best]


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
