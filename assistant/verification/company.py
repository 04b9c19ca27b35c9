"""What is said to go with what: figures and names of a claim that have changed places."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..types import Issue
from .evidence import Evidence, Spot
from .parts import Part, Parts
from .quantity import Quantity
from .words import Word

# Farther from a name or figure than this, in words, nothing is taken to belong to it; to a place,
# only what stands beside it.
_REACH = 6
_REACH_OF_PLACES = 2
# Words that stand in more places than this tell nothing.
_MOST_SPOTS = 3
_JOINTS = re.compile(r"\band\b|\bor\b|[\s,、和与及或以]")
# "X, a large firm", "X is a large firm", "X是大型企业".
_APPOSED = re.compile(r"(?:,| is| was| are| were) (?:an?|the) [^,;:]*|[是为][^,;:]*")
_OWN = object()


def swapped_figures(evidence: Evidence) -> Iterator[Issue]:
    """Figures of the claim that go with other words than in the evidence."""
    claim = evidence.claim
    classes: dict[tuple[str, str], list[Quantity]] = {}
    for figure in claim.figures:
        if figure.sure:
            classes.setdefault(_class(figure), []).append(figure)
    for like, mine in classes.items():
        theirs = [
            (figure, evidence.spot(number, figure.start))
            for number, parts in enumerate(evidence.sentences)
            for figure in parts.figures
            if _class(figure) == like and figure.sure
            # The number of a document is no figure of what is said.
            if not any(name.start <= figure.start < name.end for name in parts.names)
        ]
        spots = {one: [s for other, s in theirs if one.agrees(other)] for one in mine}
        strangers = [s for other, s in theirs if not any(one.agrees(other) for one in mine)]
        for part in swapped(evidence, spots, strangers):
            yield Issue("figure", claim.said(part))


def _class(figure: Quantity) -> tuple[str, str]:
    return figure.kind, "" if figure.unit == "things" else figure.unit


def swapped_names(evidence: Evidence) -> Iterator[Issue]:
    """Names of the claim that have changed places with each other, or a place with another."""
    claim = evidence.claim
    for kind in ("place", "document", ""):
        mine = [name for name in claim.names if evidence.kind(name, claim) == kind]
        spots = {name: evidence.spots(name) for name in mine}
        strangers = _other_places(evidence, spots) if kind == "place" else ()
        reach = _REACH_OF_PLACES if kind == "place" else _REACH
        for part in swapped(evidence, spots, strangers, reach=reach):
            yield Issue("name", claim.said(part))


def _other_places(evidence: Evidence, spots: Mapping[Word, Sequence[Spot]]) -> list[Spot]:
    claimed = {(spot.sentence, spot.place) for those in spots.values() for spot in those}
    return [
        evidence.spot(number, name.start)
        for number, parts in enumerate(evidence.sentences)
        for name in parts.names
        if evidence.kind(name, parts) == "place" and (number, name.start) not in claimed
    ]


def swapped(
    evidence: Evidence,
    spots: Mapping[Any, Sequence[Spot]],
    strangers: Sequence[Spot],
    *,
    doubt: int = 2,
    reach: int = _REACH,
) -> Iterator[Part]:
    """Those of some like parts of the claim that have changed places in it.

    Either with one that the claim does not mention, or with another of its own. `doubt`: how many
    votes against weigh up one for; `reach`: how far off a word may stand to have a vote.
    """
    votes = {part: _votes(evidence, part, spots, strangers, reach) for part in spots if spots[part]}
    for part, (agree, stranger, others) in votes.items():
        differ = stranger
        for other, weight in others.items():
            back = votes[other][2].get(part, 0)
            if back or not evidence.claim.together(part.start, other.start):
                differ += weight + back
        if differ >= 2 and differ > doubt * agree:
            yield part


def _votes(
    evidence: Evidence,
    part: Part,
    spots: Mapping[Part, Sequence[Spot]],
    strangers: Sequence[Spot],
    reach: int,
) -> tuple[int, int, dict[Part, int]]:
    """What a part's neighbours in the claim stand nearest to in the evidence.

    How often to the part itself, to a stranger, and to each other of the like parts.
    """
    claim = evidence.claim
    agree, stranger, others = 0, 0, dict[Part, int]()
    rivals = {o: spots[o] for o in spots if not _are_in_one_list(claim, part, o, spots)}
    for item in _neighbours(claim, part, rivals, reach):
        found = evidence.spots(item, least=1.0)
        if item in spots or not 1 <= len(found) <= _MOST_SPOTS:
            continue
        beside = int(abs(claim.far(item.start) - claim.far(part.start)) <= 1)
        if _explains(claim, part, item):
            beside = 2
        owners = {_owner(spot, spots[part], rivals, strangers, beside) for spot in found}
        if len(owners) > 1:
            continue
        ((owner, weight),) = owners
        if owner is _OWN:
            agree += 1
        elif owner is None:
            stranger += weight
        elif weight:
            others[owner] = others.get(owner, 0) + weight
    return agree, stranger, others


def _are_in_one_list(claim: Parts, one: Part, other: Part, like: Iterable[Part]) -> bool:
    """Whether two like parts of the claim are the same or items of one list, in any order."""
    if claim.said(one) == claim.said(other):
        return True
    first, last = sorted((one, other), key=lambda part: part.start)
    between = claim.written[first.end : max(first.end, last.start)]
    for part in like:
        if first.end <= part.start < last.start:
            between = between.replace(claim.said(part), "")
    return not _JOINTS.sub("", between)


def _neighbours(claim: Parts, part: Part, rivals: Iterable[Part], reach: int) -> Iterator[Part]:
    """What of a claim belongs to one of several like parts of it; dates belong to none."""
    here = claim.far(part.start)
    away = [claim.far(rival.start) for rival in rivals]
    for item in claim.content:
        if isinstance(item, Quantity) and item.kind in ("year", "month", "day"):
            continue
        if not (claim.together(item.start, part.start) or _explains(claim, part, item)):
            continue
        place = claim.far(item.start)
        gap = abs(place - here)
        if 0 < gap <= reach and all(abs(place - other) > gap for other in away):
            yield item


def _explains(claim: Parts, part: Part, item: Part) -> bool:
    """Whether an item is part of what stands beside a name to explain it."""
    between = claim.text[part.end : item.start]
    return isinstance(part, Word) and bool(_APPOSED.fullmatch(between))


def _owner(
    spot: Spot,
    own: Sequence[Spot],
    others: Mapping[Part, Sequence[Spot]],
    strangers: Sequence[Spot],
    beside: int,
) -> tuple[Any, int]:
    """What a place belongs to (_OWN, another, None for a stranger), and how surely, 0 to 4.

    beside: within how many words of it a rival in the same clause takes a place from its owner.
    """
    mine = min(spot.apart(s) for s in own)
    rivals: list[tuple[tuple[int, int], Any]]
    rivals = [(spot.apart(s), other) for other, those in others.items() for s in those]
    rivals += [(spot.apart(s), None) for s in strangers]
    if not rivals:
        return _OWN, 0
    apart, owner = min(rivals, key=lambda rival: rival[0])
    if mine[0] > 1 and apart[0] > 1:
        return None, 0
    if mine[0] < apart[0] or (mine[0] == apart[0] and mine[1] <= apart[1] + 1):
        return _OWN, 0
    if any(s.leads and s.sentence == spot.sentence for s in own):
        return None, 0
    if mine[0] > apart[0]:
        return owner, 1 + mine[0] - apart[0]
    return owner, int(apart[1] <= beside) * (2 if owner is None else 1)
