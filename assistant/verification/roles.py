"""Who is said to do what: names of a claim in the place of others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..types import Issue
from .evidence import Evidence, Spot
from .parts import Parts
from .words import Word

_FRAME = re.compile(r"(?:According to|As|In the words of) [^,]*,|(?:根据|据|按照?)[^,]*,")
# How much may stand before the name that a claim is about.
_OPENING = 4
_BY = re.compile(r"\w+(?: \w+)? by (?:[a-z]+ ){0,3}")
_SYMMETRIC = re.compile(r"\b(?:with|and|or|together|between)\b|[,、]|[与和同跟及]", re.IGNORECASE)
_PASSIVE = re.compile(
    r"\b(?:by|from|thanks to|due to|of)\b|['’]s\b|[由被受自的]|得到", re.IGNORECASE
)
# Farther apart than this, in characters, two names are hardly those of one verb.
_ONE_VERB = 80
_BRACKET = re.compile(r" ?\(")
_BRACKETED = re.compile(r"(.+?) ?\((.+)\)")


def other_subject(evidence: Evidence) -> Iterator[Issue]:
    """The name that a claim is about, where the sentence that says the same is about another."""
    claim = evidence.claim
    subject = _subject(evidence)
    if subject is None:
        return
    said = [
        spots
        for part in claim.content
        if part.start > subject.end and claim.together(subject.start, part.start)
        if 1 <= len(spots := evidence.spots(part, least=1.0)) <= 4
    ]
    held = [
        sum(any(spot.sentence == number for spot in spots) for spots in said)
        for number in range(len(evidence.sentences))
    ]
    best = [n for n, count in enumerate(held) if count == max(held) >= max(2, len(said) / 2)]
    if best and all(_is_about_another(evidence, subject, number, said) for number in best):
        yield Issue("name", claim.said(subject))


def _subject(evidence: Evidence) -> Word | None:
    """The first name of a claim that is no place or document, if it stands near the start."""
    claim = evidence.claim
    frame = _FRAME.match(claim.text)
    start = frame.end() if frame else 0
    for name in claim.names:
        if name.start >= start and evidence.kind(name, claim) == "":
            return name if claim.far(name.start) - claim.far(start) <= _OPENING else None
    return None


def _is_about_another(
    evidence: Evidence, subject: Word, number: int, said: Sequence[Sequence[Spot]]
) -> bool:
    """Whether a sentence's first name is not in the claim and stands before what is said."""
    parts = evidence.sentences[number]
    first = next((name for name in parts.names if evidence.kind(name, parts) == ""), None)
    if first is None or evidence.is_claimed(first.text):
        return False
    if any(spot.sentence == number for spot in evidence.spots(subject)):
        return False
    behind = [
        any(spot.sentence == number and spot.place > first.start for spot in spots)
        for spots in said
    ]
    return sum(behind) >= 2


def other_agent(evidence: Evidence) -> Iterator[Issue]:
    """The name that a claim is about, where the evidence says "by another" of the same verb."""
    claim = evidence.claim
    subject = _subject(evidence)
    if subject is None:
        return
    verb = next((w for w in claim.words if w.content and w.start > subject.end), None)
    if verb is None or claim.far(verb.start) - claim.far(subject.start) > 1:
        return
    for spot in evidence.spots(verb, least=1.0):
        parts = evidence.sentences[spot.sentence]
        agents = [
            name.text
            for name in parts.names
            if _BY.fullmatch(parts.text[spot.place : name.start])
            or (parts.text[: name.start].endswith("由") and name.end == spot.place)
        ]
        if agents and not any(map(evidence.is_claimed, agents)):
            yield Issue("name", claim.said(subject))
            return


def turned_around(evidence: Evidence) -> Iterator[Issue]:
    """Names that the evidence has in the other order around the same verb."""
    claim = evidence.claim
    for first, second in zip(claim.names, claim.names[1:], strict=False):
        between = claim.text[first.end : second.start]
        if len(between) > _ONE_VERB or first.key == second.key or _SYMMETRIC.search(between):
            continue
        if evidence.kind(first, claim) != evidence.kind(second, claim):
            continue
        pairs = _around_one_verb(evidence, first, second)
        if not pairs or any(one.place < other.place for one, other in pairs):
            continue
        one, other = pairs[0]
        theirs = evidence.sentences[one.sentence].text[other.place : one.place]
        passive = bool(_PASSIVE.search(theirs))
        if not _SYMMETRIC.search(theirs) and passive == bool(_PASSIVE.search(between)):
            yield Issue("name", claim.said(first))


def _around_one_verb(evidence: Evidence, first: Word, second: Word) -> list[tuple[Spot, Spot]]:
    """Where two names stand in one clause with a word that the claim has between them.

    A Chinese verb may stand behind both.
    """
    claim = evidence.claim
    verbs = [
        spot
        for word in claim.words
        if word.graded and word.start >= first.end
        if word.end <= second.start or claim.language == "zh"
        for spot in evidence.spots(word, least=1.0)
    ]
    return [
        (one, other)
        for one in evidence.spots(first)
        for other in evidence.spots(second)
        if any(one.apart(verb)[0] == 0 == other.apart(verb)[0] for verb in verbs)
    ]


def bracketed(evidence: Evidence) -> Iterator[Issue]:
    """Names of the claim beside others than those that have them in brackets in the evidence."""
    claim = evidence.claim
    pairs = [pair for parts in evidence.sentences for pair in _pairs(parts)]
    for name in claim.names:
        owners = [owner for owner, inside in pairs if evidence.is_same(name, inside)]
        beside = [
            other
            for other in claim.names
            if any(evidence.is_same(other, owner) for owner, _ in pairs)
            if claim.clause(other.start) == claim.clause(name.start)
            or _BRACKET.fullmatch(claim.text[other.end : name.start])
        ]
        right = any(evidence.is_same(other, owner) for other in beside for owner in owners)
        if owners and beside and not right:
            yield Issue("name", claim.said(name))


def _pairs(parts: Parts) -> Iterator[tuple[str, str]]:
    """Names with another behind them in brackets, as "TUM (Germany)"."""
    for name in parts.names:
        if match := _BRACKETED.fullmatch(name.text):
            yield match.group(1), match.group(2)
    for first, second in zip(parts.names, parts.names[1:], strict=False):
        if _BRACKET.fullmatch(parts.text[first.end : second.start]):
            yield first.text, second.text
