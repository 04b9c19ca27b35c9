"""How well a claim is carried by the passages that it cites, by rule: no model, milliseconds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...retrieval.figures import Quantity, one_width
from ...retrieval.glossary import Glossary
from ...retrieval.language import passage_language, simplified
from ...types import Issue, Language, Passage, Source, Support, other_language
from .match import find_figure, find_name, find_word, hold_pieces, terms_of
from .words import Denial, Part, Sentence, Word, general_words, take_apart

# The share of its words, names and figures that the evidence of a supported claim holds, and
# below which the claim says something else. Of 296 claims, 0.70 flags 76 % of the corrupted and
# 7 % of the sound, 0.75 80 and 11, 0.78 82 and 16; 0.40 to 0.55 for the second differ by two.
_SUPPORTED = 0.75
_PARTLY = 0.5
# The first of them where the evidence cannot be read in the claim's language: many a word cannot
# be looked up then. Of the 296 on passages without translations, 0.60, 0.65 and 0.70 flag 81, 83
# and 84 % of the corrupted and 17, 20 and 23 % of the sound.
_SUPPORTED_ACROSS = 0.65
# A word that is held less well than this is named as missing; it grades nothing.
_MISSING = 0.5
# What counts for which sentences carry a claim: a name or figure against a word (1 to 2 differ by
# two claims of 296); a sentence that the claim's marker names (less than any word, to settle ties);
# what one more must carry that the others do not (1 loses three claims, 2 raises one alarm).
_NAME_WEIGHT = 1.5
_NAMED_BONUS = 0.2
_MORE = 1.5
# The end of a sentence sets its two sides this far apart, in words: more than any is long.
_SENTENCE_ENDS = 100
_DATES = ("year", "month", "day")
_Place = tuple[int, int]
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


@dataclass(frozen=True, slots=True)
class _Row:
    """A sentence of a cited passage in every language it can be read in, the claim's first.

    crossed: it cannot be read in the claim's language. context: title, heading and card.
    """

    passage: Passage
    number: int
    surfaces: tuple[Sentence, ...]
    crossed: bool
    context: tuple[Sentence, ...]


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
        for row in _rows_of(passage, sources.get(passage.source_id), language, glossary)
    ]
    if not rows:
        return Check("unsupported", (Issue("citation"),), ())
    said = _plain(simplified(one_width(claim)))
    for row in rows:
        if any(_plain(sentence.text) == said for sentence in row.surfaces):
            return Check("supported", (), ((row.passage.id, row.number),))
    evidence = _Evidence(take_apart(claim, language, glossary), rows, glossary, named)
    issues = tuple(dict.fromkeys(evidence.issues()))
    carriers = tuple((rows[n].passage.id, rows[n].number) for n in evidence.carriers[:2])
    return Check(evidence.grade(issues), issues, carriers)


def _plain(text: str) -> str:
    return _PUNCTUATION.sub("", text).lower()


def _rows_of(
    passage: Passage, source: Source | None, language: Language, glossary: Glossary
) -> Iterator[_Row]:
    texts = [passage.heading]
    if source is not None:
        texts += [source.title_en, source.title_zh, source.author, source.publisher, source.date]
    context = tuple(take_apart(text, passage_language(text), glossary) for text in texts if text)
    for number in range(len(passage.sentences)):
        read = [
            (passage.sentence_in(number, lang), lang)
            for lang in (language, other_language(language))
        ]
        surfaces = tuple(take_apart(text, lang, glossary) for text, lang in read if text)
        if surfaces:
            yield _Row(passage, number, surfaces, read[0][0] is None, context)


class _Evidence:
    """A claim laid against the sentences that it cites.

    items: what of the claim must be found: its telling words, names and figures. held: how well
    each row holds each item, 0.0 to 1.0. carriers: the rows that carry the claim, best first.
    """

    def __init__(
        self,
        claim: Sentence,
        rows: Sequence[_Row],
        glossary: Glossary,
        named: Sequence[tuple[str, int]],
    ) -> None:
        self._claim, self._rows, self._glossary = claim, rows, glossary
        self._terms = tuple(terms_of(claim.text, glossary))
        self._names = frozenset(claim.names)
        figures = [f for f in claim.figures if f.sure and not _is_in(f, claim.names)]
        words = [word for word in claim.words if word.graded]
        items: list[Part] = [*words, *claim.names, *figures]
        self._items = sorted(items, key=lambda part: part.start)
        self._held = [
            [
                max(self._find(item, sentence)[0] for sentence in row.surfaces)
                for item in self._items
            ]
            for row in rows
        ]
        self.carriers = self._cover(named)
        self._near = {
            n
            for n, row in enumerate(rows)
            for chosen in self.carriers
            if abs(n - chosen) <= 1 and row.passage.id == rows[chosen].passage.id
        }
        # Words that could not be looked up in the other language are no proof.
        self._crossed = any(row.crossed for row in rows)
        self._weights = dict(self._word_weights())
        self._share = self._held_share()

    def _find(self, part: Part, sentence: Sentence) -> tuple[float, Sequence[int]]:
        """How well a sentence holds a part of the claim, 0.0 to 1.0, and where."""
        if isinstance(part, Quantity):
            places = tuple(figure.start for figure in find_figure(part, sentence))
        elif part in self._names:
            places = find_name(part, sentence, self._glossary)
        else:
            return find_word(part, sentence, self._terms)
        return float(bool(places)), places

    def _weight(self, item: Part) -> float:
        return _NAME_WEIGHT if isinstance(item, Quantity) or item in self._names else 1.0

    def _cover(self, named: Sequence[tuple[str, int]]) -> list[int]:
        """The row that holds most of the claim, and others that add enough to it."""
        chosen: list[int] = []
        best = [0.0] * len(self._items)
        while True:
            gains = {}
            for n, row in enumerate(self._rows):
                more = [max(0.0, h - b) for h, b in zip(self._held[n], best, strict=True)]
                gain = sum(self._weight(i) * m for i, m in zip(self._items, more, strict=True))
                gains[n] = gain + _NAMED_BONUS * ((row.passage.id, row.number) in named)
            n = max(gains, key=lambda n: gains[n])
            if chosen and (gains[n] <= _MORE or len(chosen) == 3):
                return chosen
            chosen.append(n)
            best = [max(pair) for pair in zip(self._held[n], best, strict=True)]

    def _word_weights(self) -> Iterator[tuple[Word, float]]:
        for number, item in enumerate(self._items):
            if isinstance(item, Quantity) or item in self._names:
                continue
            yield item, max(self._held[row][number] for row in self._near)

    def _context(self) -> list[Sentence]:
        return [s for row in self.carriers for s in self._rows[row].context]

    def _surfaces(self, rows: Iterator[int] | Sequence[int] | set[int]) -> list[Sentence]:
        return [sentence for row in sorted(rows) for sentence in self._rows[row].surfaces]

    def _held_share(self) -> float:
        others = [n for n, item in enumerate(self._items) if item not in self._weights]
        found = sum(any(held[n] for held in self._held) for n in others)
        total = len(self._weights) + found
        return (sum(self._weights.values()) + found) / total if total else _PARTLY

    def grade(self, issues: Sequence[Issue]) -> Support:
        """The grade that goes with the issues."""
        kinds = {issue.kind for issue in issues}
        if kinds & {"figure", "name", "negation"} or (self._share < _PARTLY and not self._crossed):
            return "unsupported"
        return "partly" if kinds else "supported"

    def issues(self) -> Iterator[Issue]:
        """What of the claim is not carried, in the order in which it is looked for."""
        for number, item in enumerate(self._items):
            if isinstance(item, Quantity):
                yield from self._figure_issues(number, item)
            elif item in self._names:
                yield from self._name_issues(number, item)
        yield from self._denials()
        yield from self._opposites()
        yield from self._swapped_figures()
        yield from self._voice()
        if self._share < (_SUPPORTED_ACROSS if self._crossed else _SUPPORTED):
            missing = [word for word, weight in self._weights.items() if weight < _MISSING]
            yield Issue("words", " … ".join(map(self._claim.said, missing)))
        elif not self._crossed:
            yield from self._added_clauses()

    def _added_clauses(self) -> Iterator[Issue]:
        """Clauses of which no sentence near has a word, and that hold no known name or figure."""
        clauses: dict[int, list[int]] = {}
        for number, item in enumerate(self._items):
            clauses.setdefault(self._claim.clause(item.start), []).append(number)
        for numbers in clauses.values():
            if not any(self._held[row][number] for row in self._near for number in numbers):
                said = (self._claim.said(self._items[number]) for number in numbers)
                yield Issue("words", " … ".join(said))

    def _figure_issues(self, number: int, figure: Quantity) -> Iterator[Issue]:
        holders = {row for row, held in enumerate(self._held) if held[number]}
        if holders & {*self.carriers}:
            return
        # Another number of the kind stands where the claim's figure would stand.
        rivals = any(
            other.kind == figure.kind
            and other.sure
            and not any(mine.agrees(other) for mine in self._claim.figures)
            for row in self.carriers
            for other in self._at(row).figures
        )
        told = holders & self._near or any(find_figure(figure, s) for s in self._context())
        if rivals or not told:
            yield Issue("place" if holders and not rivals else "figure", self._claim.said(figure))

    def _name_issues(self, number: int, name: Word) -> Iterator[Issue]:
        if any(self._held[row][number] for row in self._near):
            return
        near, context = self._surfaces(self._near), self._context()
        if any(find_name(name, s, self._glossary) for s in context):
            return
        if hold_pieces(name, [*near, *context]):
            return
        if any(held[number] for held in self._held):
            yield Issue("place", self._claim.said(name))
        else:
            yield Issue("name", self._claim.said(name))

    def _voice(self) -> Iterator[Issue]:
        """The "I" or "we" of a claim where none of its evidence speaks so."""
        texts = [sentence.text for sentence in self._surfaces(range(len(self._rows)))]
        for person in _FIRST_PERSON:
            found = person.search(self._claim.text)
            if found and not any(map(person.search, texts)):
                yield Issue("words", found.group())
                return

    # What follows is sought in the first surface only: in the claim's language where there is one.

    def _at(self, row: int) -> Sentence:
        return self._rows[row].surfaces[0]

    def _places(self, part: Part, rows: Sequence[int], *, least: float = 0.8) -> list[_Place]:
        """Where a part of the claim stands; like words only where it does not."""
        found = [(row, *self._find(part, self._at(row))) for row in rows]
        best = max((weight for _, weight, _ in found), default=0.0)
        return [(r, p) for r, weight, places in found if weight == best >= least for p in places]

    def _position(self, place: _Place) -> int:
        row, at = place
        return _SENTENCE_ENDS * row + self._at(row).position(at)

    def _denials(self) -> Iterator[Issue]:
        """What the claim denies and its carriers do not, or the other way round."""
        claim, rows = self._claim, sorted(self.carriers)
        words = [part for part in claim.content if isinstance(part, Word)]
        found = {word: places for word in words if (places := self._places(word, rows))}
        denied = {w: [self._at(r).is_denied(p) for r, p in ps] for w, ps in found.items()}
        if any(word.denied and any(there) for word, there in denied.items()):
            return
        for denial in claim.denials:
            if _is_weighty(
                [w for w in found if w.start in {d.start for d in denial.words}], denial
            ):
                yield Issue("negation", claim.said(denial))
                return
        if claim.denials:
            return
        lifted = {word: found[word] for word, there in denied.items() if all(there)}
        for row in rows:
            for denial in self._at(row).denials:
                reached = {
                    their: word
                    for word, places in lifted.items()
                    for their in denial.words
                    if any(r == row and their.start <= p < their.end for r, p in places)
                }
                mine = list(reached.values())
                # One word alone can be a chance of translation.
                if len(mine) <= self._rows[row].crossed or not _is_weighty([*reached], denial):
                    continue
                if not any(map(self._is_negative, mine)):
                    yield Issue("negation", claim.said(mine[0]))
                    return

    def _is_negative(self, word: Word) -> bool:
        """Whether another, negative word ("poor", "except") stands in the clause of a word."""
        claim, negative = self._claim, general_words().negative
        clause = claim.clause(word.start)
        return any(
            other.key in negative and other is not word and claim.clause(other.start) == clause
            for other in claim.words
        )

    def _opposites(self) -> Iterator[Issue]:
        """Words of the claim in whose place its carriers have their opposites."""
        claim, rows = self._claim, sorted(self.carriers)
        for word in claim.words:
            # A word as "over" or "以上" may be part of what a figure says.
            bounds = any(f.start - 20 < word.start < f.end + 8 for f in claim.figures)
            if word.denied or bounds or self._places(word, rows, least=1.0):
                continue
            for pair, side in general_words().opposed.get(word.key, ()):
                if self._holds(pair, 1 - side, rows) and not self._holds(pair, side, rows):
                    yield Issue("negation", claim.said(word))

    def _holds(self, pair: int, side: int, rows: Sequence[int]) -> bool:
        """Whether rows have a word of one side of two opposites that they do not deny."""
        table = general_words().opposed
        return any(
            isinstance(key, str)
            and (pair, side) in table.get(key, ())
            and not all(map(self._at(row).is_denied, places))
            for row in rows
            for key, places in self._at(row).at.items()
        )

    def _swapped_figures(self) -> Iterator[Issue]:
        """Figures of the claim whose neighbours stand beside others in the evidence."""
        rows = [n for n, row in enumerate(self._rows) if not row.crossed]
        for figure in filter(lambda f: f.sure, self._claim.figures):
            mine = [f for f in self._claim.figures if _are_like(f, figure)]
            own: list[int] = []
            others: list[int] = []
            for row in rows:
                for their in self._at(row).figures:
                    # The number of a document is no figure of what is said.
                    named = _is_in(their, self._at(row).names)
                    if their.sure and not named and _are_like(their, figure):
                        place = self._position((row, their.start))
                        (own if figure.agrees(their) else others).append(place)
            if not own or not others:
                continue
            votes = [
                _vote([self._position(p) for p in places], own, others)
                for item in self._neighbours(figure, mine)
                if (places := self._places(item, rows, least=1.0))
            ]
            if votes.count(-1) >= 2 and votes.count(-1) > votes.count(1):
                yield Issue("figure", self._claim.said(figure))

    def _neighbours(self, figure: Quantity, like: Sequence[Quantity]) -> Iterator[Part]:
        """What of the claim belongs to one of its figures; dates belong to none."""
        claim = self._claim
        here = claim.position(figure.start)
        away = [claim.position(f.start) for f in like if claim.said(f) != claim.said(figure)]
        for item in claim.content:
            if isinstance(item, Quantity) and (item.kind in _DATES or item in like):
                continue
            place = claim.position(item.start)
            nearest = all(abs(place - other) > abs(place - here) for other in away)
            if nearest and claim.clause(item.start) == claim.clause(figure.start):
                yield item


def _vote(places: Sequence[int], own: Sequence[int], others: Sequence[int]) -> int:
    """1 where a word stands nearer to a figure of the claim, -1 nearer to others, else 0."""

    def gap(figures: Sequence[int]) -> int:
        return min(abs(place - figure) for place in places for figure in figures)

    return (gap(own) <= gap(others)) - (gap(own) > gap(others) + 1)


def _is_in(figure: Quantity, names: Sequence[Word]) -> bool:
    return any(name.start <= figure.start < name.end for name in names)


def _are_like(one: Quantity, other: Quantity) -> bool:
    return (one.kind, one.unit) == (other.kind, other.unit)


def _is_weighty(some: Sequence[Word], denial: Denial) -> bool:
    """Whether words are what a denial is about: its first word, or half of all it reaches."""
    if not some or not denial.words:
        return False
    head = some[0].start == denial.words[0].start
    return head or (len(some) >= 2 and 2 * len(some) >= len(denial.words))
