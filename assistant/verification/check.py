"""How well a claim is carried by the passages that it cites, by rule: no model, milliseconds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from ..glossary import Glossary
from ..language import passage_language, simplified
from ..types import Issue, Passage, Source, Support
from .company import swapped_figures, swapped_names
from .evidence import Evidence
from .match import find_figure, find_name, find_word, is_known_in, missing_pieces
from .parts import Parts, parts_of
from .quantities import one_width
from .quantity import Quantity
from .roles import bracketed, other_agent, other_subject, turned_around
from .rows import Carriers, Row, Window, rows_of, with_opening_name
from .turns import denied, exchanged, opposed
from .words import Word

# The share of its words, names and figures that the evidence of a supported claim holds, and
# below which the claim says something else; chosen on the corpus's sentences and translations.
_SUPPORTED = 0.7
_PARTLY = 0.5
# What a word counts that stands next to what carries its clause, or elsewhere in what is cited.
_NEAR = 0.8
_ELSEWHERE = 0.4
# A word that is held less well than this is named as missing.
_MISSING = 0.5
# Chinese texts seldom name the country that they speak of.
_OWN_COUNTRY = frozenset("china chinese 中国 我国".split())
# An answer speaks of its sources, not as one of them or as itself.
_FIRST_PERSON = (
    re.compile(r"\b(?:I|[Mm]y|[Mm]e)\b|我(?![国省市县区校院们])"),
    re.compile(r"\b(?:[Ww]e|[Oo]ur|[Uu]s)\b|我们|咱"),
)
_PUNCTUATION = re.compile(r"[^\w%+-]")


@dataclass(frozen=True, slots=True)
class Check:
    """How well a claim is carried, what of it is not, and by which sentences.

    carriers: passage id and number (from 0) of the sentences that carry it best, best first, at
    most two; none when nothing was cited.
    """

    support: Support
    issues: tuple[Issue, ...]
    carriers: tuple[tuple[str, int], ...]


def check_claim(
    claim: str,
    cited: Sequence[Passage],
    sources: Mapping[str, Source],
    glossary: Glossary,
    *,
    named: Sequence[tuple[str, int]] = (),
) -> Check:
    """Whether the cited passages carry a sentence; the reasons where they do not.

    `claim` is one sentence without markers. `named` are sentences (passage id, number from 0)
    that its markers name; they are preferred where others carry it as well.
    """
    language = passage_language(claim)
    rows = [
        row
        for passage in cited
        for row in rows_of(passage, sources.get(passage.source_id), language, glossary)
    ]
    if not rows:
        return Check("unsupported", (Issue("citation"),), ())
    if (row := next((row for row in rows if _repeats(claim, row)), None)) is not None:
        return Check("supported", (), ((row.passage.id, row.number),))
    parts = with_opening_name(parts_of(claim, language, glossary), rows)
    carriers = Carriers(parts, rows, glossary, named)
    checked = _Checked(parts, rows, carriers, glossary)
    issues = tuple(dict.fromkeys(checked.issues()))
    best = tuple((row.passage.id, row.number) for row in carriers.best_rows()[:2])
    return Check(checked.grade(issues), issues, best)


def _repeats(claim: str, row: Row) -> bool:
    """Whether the claim is, word by word, the sentence or its aligned translation."""
    said = _PUNCTUATION.sub("", simplified(one_width(claim))).lower()
    return any(_PUNCTUATION.sub("", parts.text).lower() == said for parts in row.surfaces)


class _Checked:
    """One claim laid against its evidence."""

    def __init__(
        self, claim: Parts, rows: Sequence[Row], carriers: Carriers, glossary: Glossary
    ) -> None:
        self._claim, self._rows, self._glossary = claim, rows, glossary
        self._carriers = carriers
        self._weights = dict(self._word_weights())
        others = [n for n, item in enumerate(carriers.items) if item not in self._weights]
        held = sum(bool(carriers.holders(number)) for number in others)
        total = len(self._weights) + held
        self._share = (sum(self._weights.values()) + held) / total if total else _PARTLY

    def grade(self, issues: Sequence[Issue]) -> Support:
        """The grade that goes with the issues."""
        kinds = {issue.kind for issue in issues}
        # Words that could not be looked up in the other language are no proof.
        crossed = any(row.crossed for row in self._rows)
        if kinds & {"figure", "name", "negation"} or (self._share < _PARTLY and not crossed):
            return "unsupported"
        return "partly" if kinds else "supported"

    def issues(self) -> Iterator[Issue]:
        """What of the claim is not carried, in the order in which it is looked for."""
        for number, item in enumerate(self._carriers.items):
            window = self._carriers.window_of[number]
            if isinstance(item, Quantity):
                yield from self._figure_issues(number, item, window)
            elif self._carriers.is_name(item):
                yield from self._name_issues(number, item, window)
        # Denials are sought in what carries the claim, what goes with what in all that it cites.
        closely = self._evidence([self._rows[row] for row in self._carriers.chosen])
        for check in (denied, opposed, exchanged):
            yield from check(closely)
        widely = self._evidence([row for row in self._rows if not row.crossed])
        for check in (swapped_figures, swapped_names, other_subject, other_agent):
            yield from check(widely)
        for check in (turned_around, bracketed):
            yield from check(widely)
        if voice := self._voice():
            yield Issue("words", voice)
        if self._share < _SUPPORTED:
            missing = [word for word, weight in self._weights.items() if weight < _MISSING]
            yield Issue("words", " … ".join(map(self._claim.said, missing)))
        elif not any(row.crossed for row in self._rows):
            yield from self._added_clauses()

    def _voice(self) -> str:
        """The "I" or "we" of a claim where none of its evidence speaks so, else ""."""
        surfaces = [parts.text for row in self._rows for parts in row.surfaces]
        for person in _FIRST_PERSON:
            found = person.search(self._claim.text)
            if found and not any(map(person.search, surfaces)):
                return found.group()
        return ""

    def _added_clauses(self) -> Iterator[Issue]:
        """Clauses of which what carries the claim has not a word, and nothing a name or figure."""
        found: dict[int, bool] = {}
        said: dict[int, list[str]] = {}
        for number, item in enumerate(self._carriers.items):
            clause = self._claim.clause(item.start)
            there = bool(self._carriers.holders(number))
            if item in self._weights:
                there = any(self._carriers.held[row][number] for row in self._carriers.chosen)
            found[clause] = found.get(clause, False) or there
            said.setdefault(clause, []).append(self._claim.said(item))
        for clause, words in said.items():
            if not found[clause]:
                yield Issue("words", " … ".join(words))

    def _evidence(self, rows: Sequence[Row]) -> Evidence:
        sentences = [row.surfaces[0] for row in rows]
        return Evidence(self._claim, sentences, self._carriers.units, self._glossary)

    def _figure_issues(self, number: int, figure: Quantity, window: Window) -> Iterator[Issue]:
        words = self._claim.said(figure)
        holders = self._carriers.holders(number)
        if carrying := holders & {*window, *self._carriers.chosen}:
            surfaces = [parts for row in carrying for parts in self._rows[row].surfaces]
            bounded = [f for parts in surfaces for f in find_figure(figure, parts) if f.bound]
            if bounded and all(map(figure.contradicts, bounded)):
                yield Issue("negation", words)
            return
        rivals = self._has_rivals(figure, window)
        context = [parts for row in window for parts in self._rows[row].context]
        if near := holders & self._carriers.around(window):
            # A translation may move a figure to the next sentence.
            fits = not rivals or any(self._rows[row].crossed for row in near)
        else:
            fits = not rivals and any(find_figure(figure, parts) for parts in context)
        if not fits:
            yield Issue("place" if holders and not rivals else "figure", words)

    def _has_rivals(self, figure: Quantity, window: Window) -> bool:
        """Whether a window holds a number of the same kind that the claim does not hold."""
        return any(
            other.kind == figure.kind
            and other.sure
            and not any(mine.agrees(other) for mine in self._claim.figures)
            for row in window
            for other in self._rows[row].surfaces[0].figures
        )

    def _name_issues(self, number: int, name: Word, window: Window) -> Iterator[Issue]:
        holders = self._carriers.holders(number)
        near = {*self._carriers.around(window), *self._carriers.chosen}
        if holders & near or self._is_topic(holders, window):
            return
        if self._rows[window[0]].crossed and name.key in _OWN_COUNTRY:
            return
        context = [parts for row in window for parts in self._rows[row].context]
        surfaces = [parts for row in near for parts in self._rows[row].surfaces]
        if any(find_name(name, parts, self._glossary) for parts in context):
            return
        if not missing_pieces(name, [*surfaces, *context], self._glossary):
            return
        everything = [p for row in self._rows for p in (*row.surfaces, *row.context)]
        if holders or not missing_pieces(name, everything, self._glossary):
            yield Issue("place", self._claim.said(name))
        elif any(is_known_in(name, parts, self._glossary) for parts in surfaces):
            yield Issue("name", self._claim.said(name))

    def _is_topic(self, holders: Set[int], window: Window) -> bool:
        """Whether an earlier sentence of the passage names what the window may go on about."""
        row = self._rows[window[0]]
        before = (self._rows[n] for n in holders if n < window[0])
        if not any(other.passage.id == row.passage.id for other in before):
            return False
        surface = row.surfaces[0]
        return not surface.names or any(
            surface.names[0].start in find_name(name, surface, self._glossary)
            for name in self._claim.names
        )

    def _word_weights(self) -> Iterator[tuple[Word, float]]:
        carriers = self._carriers
        for number, item in enumerate(carriers.items):
            if isinstance(item, Quantity) or carriers.is_name(item):
                continue
            window = carriers.window_of[number]
            held = [row_held[number] for row_held in carriers.held]
            context = [parts for row in window for parts in self._rows[row].context]
            near = [held[row] for row in {*carriers.around(window), *carriers.chosen}]
            best = max(held[row] for row in window)
            far = [*held, *(find_word(item, parts, carriers.units)[0] for parts in context)]
            yield item, max(best, _NEAR * max(near), _ELSEWHERE * max(far))
