"""What a claim turns around: denials, opposites, and words put in the place of others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher

from ..types import Issue
from .company import swapped
from .evidence import Evidence, Spot
from .general_words import general_words
from .parts import Part, Parts
from .quantity import Quantity
from .words import Denial, Word

# How much of a claim must be the evidence's own words for a single other one to stand out.
_FRAME = 0.6
# Words this near in one clause belong together.
_NEXT = 5
# Words that set two things in a relation which turns around with their order.
_RELATIONS = frozenset(
    "before after earli later more less fewer higher lower greater smaller "
    "早于 晚于 高于 低于 多于 少于 大于 小于".split()
)


def denied(evidence: Evidence) -> Iterator[Issue]:
    """What the claim denies and the evidence does not, or the other way round."""
    claim = evidence.claim
    content = [part for part in claim.content if isinstance(part, Word)]
    found = {word: spots for word in content if (spots := evidence.spots(word))}
    for word, spots in found.items():
        if word.denied and any(map(evidence.is_denied, spots)):
            return
    for denial in claim.denials:
        starts = {word.start for word in denial.words}
        plain = [
            word
            for word, spots in found.items()
            if word.start in starts and not _is_excused(evidence, word, spots)
        ]
        if _is_weighty(plain, denial):
            yield Issue("negation", claim.said(denial))
            return
    if not claim.denials:
        yield from _lifted(evidence, found)


def _lifted(evidence: Evidence, found: Mapping[Word, Sequence[Spot]]) -> Iterator[Issue]:
    """Words that the claim affirms and the evidence denies wherever it has them."""
    claim = evidence.claim
    denied_there = {w: s for w, s in found.items() if all(map(evidence.is_denied, s))}
    for number, parts in enumerate(evidence.sentences):
        for denial in parts.denials:
            pairs = [
                (word, their)
                for word, spots in denied_there.items()
                for their in denial.words
                if any(s.sentence == number and their.start <= s.place < their.end for s in spots)
            ]
            words = list(dict.fromkeys(word for word, _ in pairs))
            reached = sorted({their for _, their in pairs}, key=lambda their: their.start)
            # One word alone can be a chance of translation.
            enough = len(words) > evidence.crossed and _is_weighty(reached, denial)
            if enough and not any(_is_negative(claim, word) for word in words):
                yield Issue("negation", claim.said(words[0]))
                return


def _is_weighty(some: Sequence[Word], denial: Denial) -> bool:
    """Whether words are what a denial is about: its first word, or half of all it reaches."""
    if not some or not denial.words:
        return False
    head = some[0].start == denial.words[0].start
    return head or (len(some) >= 2 and 2 * len(some) >= len(denial.words))


def _is_excused(evidence: Evidence, word: Word, spots: Sequence[Spot]) -> bool:
    """Whether the evidence denies a word in some other way: "closed" for "not open"."""
    if _opposite_stands(evidence, word):
        return True
    return any(_is_negative(evidence.sentences[spot.sentence], spot) for spot in spots)


def _is_negative(parts: Parts, around: Spot | Word) -> bool:
    """Whether another, negative word ("poor", "except") stands in the clause of a word."""
    negative = general_words().negative
    place = around.place if isinstance(around, Spot) else around.start
    return any(
        word.key in negative and word.start != place and parts.together(word.start, place)
        for word in parts.words
    )


def _opposite_stands(evidence: Evidence, word: Word) -> bool:
    poles = general_words().opposed.get(word.key, ())
    return any(_pole_spots(evidence, pair, 1 - side) for pair, side in poles)


def opposed(evidence: Evidence) -> Iterator[Issue]:
    """Words of the claim in whose place the evidence has their opposites."""
    claim = evidence.claim
    for word in claim.words:
        poles = general_words().opposed.get(word.key, ())
        if word.denied or not poles or _bounds_a_figure(claim, word):
            continue
        if any(_is_opposed(evidence, word, pair, side) for pair, side in poles):
            yield Issue("negation", claim.said(word))


def _is_opposed(evidence: Evidence, word: Word, pair: int, side: int) -> bool:
    against = _pole_spots(evidence, pair, 1 - side)
    if not against and word.key not in _RELATIONS:
        return False
    same = [*evidence.spots(word, least=1.0), *_pole_spots(evidence, pair, side)]
    turned = any(_is_turned(evidence, word, spot) for spot in same or against)
    if same:
        return turned or any(swapped(evidence, {word: same}, against, doubt=1))
    return not turned and _has_same_company(evidence, word, against)


def _is_turned(evidence: Evidence, word: Word, pole: Spot) -> bool:
    """Whether what stands before and behind a comparing word has changed sides."""
    if word.key not in _RELATIONS:
        return False
    crossed = set()
    for part in evidence.claim.content:
        spots = evidence.spots(part, least=1.0)
        if part is not word and len(spots) == 1 and spots[0].sentence == pole.sentence:
            before = part.start < word.start
            if before != (spots[0].place < pole.place):
                crossed.add(before)
    return len(crossed) == 2


def _bounds_a_figure(claim: Parts, word: Word) -> bool:
    """Whether a word as "over" or "以上" is part of what a figure says."""
    return any(
        figure.bound and figure.start - 20 < word.start < figure.end + 8 for figure in claim.figures
    )


def _pole_spots(evidence: Evidence, pair: int, side: int) -> list[Spot]:
    table = general_words().opposed
    spots = [
        evidence.spot(number, place)
        for number, parts in enumerate(evidence.sentences)
        for key, places in parts.at.items()
        if (pair, side) in table.get(key, ())
        for place in places
    ]
    return [spot for spot in spots if not evidence.is_denied(spot)]


def _has_same_company(evidence: Evidence, word: Word, against: Sequence[Spot]) -> bool:
    """Whether one of the two nearest neighbours of a word stands next to its opposites."""
    claim = evidence.claim
    here = claim.far(word.start)
    others = [part for part in claim.content if part is not word]
    near = sorted(others, key=lambda part: abs(claim.far(part.start) - here))
    found = [spots for part in near if (spots := evidence.spots(part))][:2]
    gaps = [s.apart(a) for spots in found for s in spots for a in against]
    return any(clause == 0 and words <= _NEXT for clause, words in gaps)


def exchanged(evidence: Evidence) -> Iterator[Issue]:
    """Words in the place of names, where the claim says the same as a sentence otherwise."""
    mine = _sequence(evidence.claim)
    for parts in evidence.sentences:
        theirs = _sequence(parts)
        keys, other_keys = ([key for key, _ in sequence] for sequence in (mine, theirs))
        codes = SequenceMatcher(None, keys, other_keys, autojunk=False).get_opcodes()
        same = sum(i2 - i1 for op, i1, i2, _, _ in codes if op == "equal")
        if same < _FRAME * len(mine):
            continue
        for number, (op, i1, i2, j1, j2) in enumerate(codes):
            sides = codes[max(0, number - 1) : number + 2]
            if op != "replace" or i2 - i1 > 3 or j2 - j1 > 6:
                continue
            if any(side[0] != "equal" for side in sides if side[1] != i1):
                continue
            new = [part for _, part in mine[i1:i2] if _is_unheard_of(evidence, part)]
            old = [part for _, part in theirs[j1:j2] if part in parts.names]
            if new and any(not evidence.is_claimed(parts.text[n.start : n.end]) for n in old):
                yield Issue("name", evidence.claim.said(new[0]))


def _is_unheard_of(evidence: Evidence, part: Part) -> bool:
    """Whether a word of the claim may be a name and is not in the evidence."""
    if not isinstance(part, Word) or not (part.graded and part.noun):
        return False
    return part.key not in general_words().alike and not evidence.spots(part)


def _sequence(parts: Parts) -> list[tuple[str, Part]]:
    whole: list[Part] = [*parts.names, *parts.figures]
    words = [w for w in parts.words if not any(p.start < w.end and w.start < p.end for p in whole)]
    items: list[Part] = sorted([*words, *whole], key=lambda part: part.start)
    return [(str(i.value) if isinstance(i, Quantity) else i.key, i) for i in items]
