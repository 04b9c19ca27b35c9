"""The sentences that a claim is checked against, taken apart, and which of them carry it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from ..glossary import Glossary
from ..language import passage_language
from ..types import Language, Passage, Source, other_language
from .match import find_figure, find_name, find_word, units_of
from .parts import Part, Parts, parts_of
from .quantity import Quantity
from .words import Word

Window = tuple[int, ...]
# What counts for which sentences carry a claim: a name or figure against a word; what a second
# sentence must add; a word that says little; a sentence that the claim's marker names.
_NAME_WEIGHT = 1.5
_SECOND_COSTS = 0.4
_LIGHT_WEIGHT = 0.1
_NAMED_BONUS = 0.2
# What another sentence must carry more of a clause, as a share of it, to carry that clause.
_CLAUSE_GAIN = 0.25


@dataclass(frozen=True, slots=True)
class Row:
    """A sentence of a cited passage in every language it can be read in, the claim's first.

    crossed: it cannot be read in the claim's language. context: title, heading and card.
    """

    passage: Passage
    number: int
    surfaces: tuple[Parts, ...]
    crossed: bool
    context: tuple[Parts, ...]


def rows_of(
    passage: Passage, source: Source | None, language: Language, glossary: Glossary
) -> Iterator[Row]:
    """The sentences of a passage, to be read in a language if that is possible."""
    texts = [passage.heading]
    if source is not None:
        texts += [source.title_en, source.title_zh, source.author, source.publisher, source.date]
    context = tuple(parts_of(text, passage_language(text), glossary) for text in texts if text)
    for number in range(len(passage.sentences)):
        read = [
            (passage.sentence_in(number, lang), lang)
            for lang in (language, other_language(language))
        ]
        surfaces = tuple(parts_of(text, lang, glossary) for text, lang in read if text)
        if surfaces:
            yield Row(passage, number, surfaces, read[0][0] is None, context)


def with_opening_name(claim: Parts, rows: Sequence[Row]) -> Parts:
    """The claim with its first word among the names where the evidence writes it as one."""
    first = claim.words[0] if claim.words else None
    if first is None or not (first.graded and first.text.istitle()):
        return claim
    texts = [parts.text for row in rows for parts in row.surfaces]
    inside = re.compile(rf"(?<=[a-z,] ){first.text}\b")
    small = re.compile(rf"\b{first.text.lower()}\b")
    if not any(map(inside.search, texts)) or any(map(small.search, texts)):
        return claim
    name = replace(first, key=first.text.lower())
    words = (replace(first, content=False, graded=False), *claim.words[1:])
    return replace(claim, words=words, names=(name, *claim.names))


class Carriers:
    """Which sentences of the cited passages carry which parts of a claim.

    items: the graded words, names and figures of the claim, in order. held: how well each row
    holds each of them, 0.0 to 1.0. A window is one row or two that stand together.
    """

    def __init__(
        self,
        claim: Parts,
        rows: Sequence[Row],
        glossary: Glossary,
        named: Collection[tuple[str, int]],
    ) -> None:
        """Find everything; `rows` must not be empty."""
        self._claim, self._rows, self._glossary = claim, rows, glossary
        self.units = units_of(claim.text, glossary)
        figures = [
            figure
            for figure in claim.figures
            if figure.sure and not any(n.start <= figure.start < n.end for n in claim.names)
        ]
        words = [word for word in claim.words if word.graded]
        items: list[Part] = sorted([*words, *claim.names, *figures], key=lambda part: part.start)
        self.items = tuple(items)
        self._names = frozenset(claim.names)
        self.held = [[self._holds(item, row.surfaces) for item in items] for row in rows]
        keys = {word.key for word in claim.words if word.content}
        self._shared = [keys & row.surfaces[0].at.keys() for row in rows]
        self._bonus = [_NAMED_BONUS * ((r.passage.id, r.number) in named) for r in rows]
        self._windows: list[Window] = [(n,) for n in range(len(rows))]
        self._windows += [
            (n, n + 1) for n in range(len(rows) - 1) if rows[n].passage.id == rows[n + 1].passage.id
        ]
        self._best = self._best_window(range(len(items)))
        self.window_of = dict(self._by_clause())
        self.chosen = sorted({*self._best, *(n for w in self.window_of.values() for n in w)})

    def _holds(self, item: Part, surfaces: Sequence[Parts]) -> float:
        if isinstance(item, Quantity):
            return float(any(find_figure(item, parts) for parts in surfaces))
        if self.is_name(item):
            return float(any(find_name(item, parts, self._glossary) for parts in surfaces))
        return max(find_word(item, parts, self.units)[0] for parts in surfaces)

    def is_name(self, item: Word) -> bool:
        """Whether a part of the claim is one of its names."""
        return item in self._names

    def holders(self, number: int) -> set[int]:
        """The rows that hold the item of that number."""
        return {row for row, held in enumerate(self.held) if held[number]}

    def around(self, window: Window) -> set[int]:
        """The rows of a window with their neighbours in the passage."""
        id_ = self._rows[window[0]].passage.id
        near = range(max(0, window[0] - 1), min(len(self._rows), window[-1] + 2))
        return {row for row in near if self._rows[row].passage.id == id_}

    def best_rows(self) -> list[Row]:
        """The rows that carry the claim, best first."""
        every = range(len(self.items))
        best = sorted(self.chosen, key=lambda row: -self._carried((row,), every))
        return [self._rows[row] for row in best]

    def _weight(self, number: int) -> float:
        item = self.items[number]
        return _NAME_WEIGHT if isinstance(item, Quantity) or self.is_name(item) else 1.0

    def _carried(self, window: Window, numbers: Sequence[int]) -> float:
        return sum(self._weight(i) * max(self.held[row][i] for row in window) for i in numbers)

    def _best_window(self, numbers: Sequence[int]) -> Window:
        return max(self._windows, key=lambda window: self._score(window, numbers))

    def _score(self, window: Window, numbers: Sequence[int]) -> float:
        light = len({key for row in window for key in self._shared[row]})
        bonus = sum(self._bonus[row] for row in window) - _SECOND_COSTS * (len(window) - 1)
        return self._carried(window, numbers) + _LIGHT_WEIGHT * light + bonus

    def _by_clause(self) -> Iterator[tuple[int, Window]]:
        """The window that carries each item's clause: the best one of all wherever it will do."""
        for clause in self._clauses():
            other = self._best_window(clause)
            gain = self._carried(other, clause) - self._carried(self._best, clause)
            found = [i for i in clause if any(self.held[row][i] for row in other)]
            words = [i for i in found if self._weight(i) == 1.0]
            enough = gain > _CLAUSE_GAIN * sum(map(self._weight, clause))
            better = enough and bool(words) and len(found) >= 2
            yield from ((i, other if better else self._best) for i in clause)

    def _clauses(self) -> list[list[int]]:
        clauses: list[list[int]] = []
        last = -1
        for number, item in enumerate(self.items):
            clause = self._claim.clause(item.start)
            if not clauses or (clause != last and len(clauses[-1]) >= 3):
                clauses.append([])
            clauses[-1].append(number)
            last = clause
        if len(clauses) > 1 and len(clauses[-1]) < 2:
            clauses[-2:] = [clauses[-2] + clauses[-1]]
        return clauses
