"""Where the parts of a claim stand in the sentences that it is checked against."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..glossary import Glossary
from .match import Unit, find_figure, find_name, find_word, kind_of, names_for
from .parts import Part, Parts
from .quantity import Quantity
from .words import Word

_WHERE = re.compile(r"\b(?:in|at|near|to|from) $|(?:在|位于|到|至|从)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in the evidence: its sentence, the clause in it, and how far along it stands.

    leads: whether the sentence's first name stands there: all of it may be about that.
    """

    sentence: int
    place: int
    clause: int
    far: int
    leads: bool

    def apart(self, other: Spot) -> tuple[int, int]:
        """How far apart two places are: 0 in one clause, 1 in one sentence, 2 … and in words."""
        if self.sentence == other.sentence:
            return int(self.clause != other.clause), abs(self.far - other.far)
        return min(3, 1 + abs(self.sentence - other.sentence)), 0


class Evidence:
    """Sentences in reading order, and where in them the parts of a claim stand."""

    def __init__(
        self, claim: Parts, sentences: Sequence[Parts], units: Sequence[Unit], glossary: Glossary
    ) -> None:
        """Keep them; nothing is looked for yet."""
        self.claim, self.sentences = claim, sentences
        self.crossed = any(parts.language != claim.language for parts in sentences)
        self._units, self._glossary = units, glossary
        self._names = frozenset(claim.names)
        self._found: dict[tuple[Part, float], list[Spot]] = {}

    def spot(self, sentence: int, place: int) -> Spot:
        """A place of a sentence."""
        parts = self.sentences[sentence]
        leads = bool(parts.names) and parts.names[0].start <= place < parts.names[0].end
        return Spot(sentence, place, parts.clause(place, strong=True), parts.far(place), leads)

    def spots(self, part: Part, *, least: float = 0.8) -> list[Spot]:
        """Where a word, name or figure of the claim stands; like words only where it does not."""
        if (part, least) not in self._found:
            found = [self._places(part, parts) for parts in self.sentences]
            best = max((weight for weight, places in found if places), default=0.0)
            self._found[part, least] = [
                self.spot(number, place)
                for number, (weight, places) in enumerate(found)
                if weight == best >= least
                for place in places
            ]
        return self._found[part, least]

    def _places(self, part: Part, parts: Parts) -> tuple[float, Sequence[int]]:
        if isinstance(part, Quantity):
            return 1.0, [figure.start for figure in find_figure(part, parts)]
        if part in self._names:
            return 1.0, find_name(part, parts, self._glossary)
        return find_word(part, parts, self._units)

    def is_denied(self, spot: Spot) -> bool:
        """Whether the word or name that stands at a place is denied there."""
        parts = self.sentences[spot.sentence]
        words = (*parts.words, *parts.names)
        return any(word.denied for word in words if word.start <= spot.place < word.end)

    def is_same(self, name: Word, other: str) -> bool:
        """Whether two names are of one thing."""
        return other.lower() in (n.lower() for n in names_for(name.text, self._glossary))

    def is_claimed(self, other: str) -> bool:
        """Whether the claim holds a name."""
        return any(self.is_same(name, other) for name in self.claim.names)

    def kind(self, name: Word, parts: Parts) -> str:
        """Whether a name of a sentence names a "place" or a "document", else ""."""
        before = parts.text[: name.start]
        return kind_of(name.text, self._glossary) or ("place" if _WHERE.search(before) else "")
