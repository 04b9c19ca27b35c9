"""A sentence taken apart for comparison: words, names, figures, clauses, and what it denies."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from ..glossary import Glossary
from ..language import simplified
from ..types import Language
from .general_words import general_words
from .quantities import one_width, quantities
from .quantity import Quantity
from .words import Denial, Word, denials_of, names_of, words_of

Part = Word | Quantity


@dataclass(frozen=True, slots=True)
class Parts:
    """A sentence in Simplified characters of one width, and what stands in it, in order.

    written: the sentence as it came where its places are the same, else the text. breaks: where
    clauses end, each with how far it sets apart what stands on its two sides. at: the places of
    words by key and by group of like words. line: the places of all content, and of breaks as
    often as they weigh: a measure of distance.
    """

    text: str
    written: str
    language: Language
    words: tuple[Word, ...]
    names: tuple[Word, ...]
    figures: tuple[Quantity, ...]
    breaks: tuple[tuple[int, int], ...]
    denials: tuple[Denial, ...]
    at: dict[str, tuple[int, ...]]
    at_group: dict[int, tuple[int, ...]]
    line: tuple[int, ...]

    @property
    def content(self) -> tuple[Part, ...]:
        """The words that say anything, the names and the figures."""
        return (*(word for word in self.words if word.content), *self.names, *self.figures)

    def said(self, part: Part | Denial) -> str:
        """A part as it was written."""
        return self.written[part.start : part.end]

    def clause(self, place: int, *, strong: bool = False) -> int:
        """The number of the clause that holds a place; `strong`: lists are one clause."""
        return sum(at <= place for at, weight in self.breaks if weight > 2 or not strong)

    def together(self, one: int, other: int) -> bool:
        """Whether two places are in one clause, lists included."""
        return self.clause(one, strong=True) == self.clause(other, strong=True)

    def far(self, place: int) -> int:
        """How far into the sentence a place is: in words, and more for each clause's end."""
        return bisect_right(self.line, place)


# Full-width punctuation has become usual by then; a comma inside a number parts nothing.
_BREAKS = (
    (re.compile(r"[;:—。]"), 5),
    (re.compile(r",(?!\d)|[()]"), 3),
    (re.compile(r"\b(?:but|while|whereas|although|though)\b|而(?!且)|但"), 3),
    (re.compile(r"\b(?:and|or|nor|than)\b|、|[和与及]"), 2),
)


@lru_cache(maxsize=2_048)
def parts_of(written: str, language: Language, glossary: Glossary) -> Parts:
    """The parts of a sentence; those of the last two thousand are kept."""
    text = one_width(simplified(written))
    figures = quantities(text)
    names = tuple(names_of(text, glossary))
    breaks = tuple(_breaks(text, (*names, *figures)))
    words = tuple(words_of(text, names, figures))
    denials = tuple(denials_of(text, [*words, *names], breaks))
    denied = [word for denial in denials for word in denial.words]
    # What is denied twice is not denied.
    words, names = (
        tuple(replace(word, denied=denied.count(word) % 2 == 1) for word in those)
        for those in (words, names)
    )
    line = [word.start for word in (*words, *names) if word.content]
    line += [figure.start for figure in figures]
    line += [place for place, weight in breaks for _ in range(weight)]
    at, at_group = _places(text, words)
    written = written if len(written) == len(text) else text
    return Parts(
        text, written, language, words, names, figures, breaks, denials, at, at_group,
        tuple(sorted(line)),
    )  # fmt: skip


def _breaks(text: str, parts: tuple[Part, ...]) -> Iterator[tuple[int, int]]:
    found = ((match.start(), weight) for p, weight in _BREAKS for match in p.finditer(text))
    for place, weight in sorted(found):
        if not any(part.start < place < part.end for part in parts):
            yield place, weight


def _places(
    text: str, words: tuple[Word, ...]
) -> tuple[dict[str, tuple[int, ...]], dict[int, tuple[int, ...]]]:
    alike = general_words().alike
    at: dict[str, dict[int, None]] = {}
    at_group: dict[int, dict[int, None]] = {}
    for key, place in [*((word.key, word.start) for word in words), *_listed(text)]:
        at.setdefault(key, {})[place] = None
        for group in alike.get(key, ()):
            at_group.setdefault(group, {})[place] = None
    return (
        {key: tuple(places) for key, places in at.items()},
        {group: tuple(places) for group, places in at_group.items()},
    )


def _listed(text: str) -> Iterator[tuple[str, int]]:
    """The general Chinese words of two characters or more, wherever they stand."""
    chinese = general_words().chinese
    for place, first in enumerate(text):
        for word in chinese.get(first, ()):
            if len(word) > 1 and text.startswith(word, place):
                yield word, place
