"""Sentences that together say what a source is about, where nobody has written a guide to it."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from ..retrieval.index import Index
from ..retrieval.store import Vector
from ..types import Language, Passage, Source
from .sentence_choice import leans

Place = tuple[Passage, int]  # a sentence: its passage and its number there

# Chosen on the shipped guides and checked on the official work report of 2015 (the tables in
# docs/answering.md): weights of 0.5 and 0.85 and a lead of 0.2 do as well; without either,
# sentences come less near to the guides, and without a lead 59 % of the points are touched, not 68.
WORTH = 0.7  # against unlikeness to what is chosen already, as in maximal marginal relevance
LEAD = 0.1  # for the first sentence under a heading; half of it for the first of a passage
# Shorter ones are remarks ("Acme's interests are not limited to steel."). Words, characters.
SHORTEST: dict[Language, int] = {"en": 10, "zh": 20}

_FULL_STOP = re.compile(r"[.。!！][\"'”’）)』」]*$")
# Words that go on from the sentence before, beyond those that `leans` knows.
_GOES_ON = re.compile(
    r"(?:[\w'’,-]+ ){0,2}?(?:however|therefore|thus|hence|moreover|also|instead|meanwhile|too)\b|"
    r"(?:but|and|or|so|then|yet|for example|for instance|in addition|as a result)\b|"
    r"(?:first|second|third|finally|lastly),|(?:[\w-]+ ){0,4}?(?:this|these|those)\b",
    re.IGNORECASE,
)
_GOES_ON_ZH = re.compile(
    "然而|但|因此|所以|此外|另外|同时|例如|比如|于是|而|并|不过|又|也|还|则|再|首先|其次|最后|"
    "第[一二三四五六七八九十][，,、]|.{0,4}(?:这|這|(?<!应)该|該|此)"
)


def central_sentences(
    index: Index, source: Source, *, count: int, language: Language
) -> list[Place]:
    """At most `count` sentences that give an overview of a source, in reading order.

    They are near the mean of all its sentences and unlike each other, no heading has more than
    its share, and they can be read alone. Where a source is in two languages, what can be given
    in the asked one comes first; where too few sentences can be read alone, others fill up.
    """
    passages = index.passages_of(source.id)
    places = [(passage, number) for passage in passages for number in range(len(passage.sentences))]
    if not places:
        return []
    vectors = _vectors(index, passages, places)
    mean = vectors.mean(axis=0)
    worth = vectors @ (mean / (np.linalg.norm(mean) or 1.0)) + LEAD * _leads(places)
    sizes = Counter(passage.heading for passage, _ in places)
    room = {head: math.ceil(count * size / len(places)) for head, size in sizes.items()}
    alike = np.zeros(len(places), dtype=np.float32)
    chosen: list[int] = []
    for pool in _pools(places, language):
        while len(chosen) < count and (left := [i for i in pool if i not in chosen]):
            roomy = [i for i in left if room[places[i][0].heading] > 0]
            score = WORTH * worth - (1 - WORTH) * alike
            best = max(roomy or left, key=score.__getitem__)
            chosen.append(best)
            room[places[best][0].heading] -= 1
            alike = np.maximum(alike, vectors @ vectors[best])
    return [places[i] for i in sorted(chosen)]


def _vectors(index: Index, passages: Sequence[Passage], places: Sequence[Place]) -> Vector:
    """The sentences' vectors in their own languages, at unit length, in order."""
    found = {
        (id_, surface.language): surface.sentences for id_, surface in index.surfaces(passages)
    }
    own = np.stack([found[passage.id, passage.language][n] for passage, n in places])
    unit: Vector = own / np.linalg.norm(own, axis=1, keepdims=True)
    return unit


def _leads(places: Sequence[Place]) -> Vector:
    """1 for the first sentence under each heading, 0.5 for the first of a passage, else 0."""
    leads = np.array([0.0 if number else 0.5 for _, number in places], dtype=np.float32)
    headings = [passage.heading for passage, _ in places]
    leads[[headings.index(heading) for heading in dict.fromkeys(headings)]] = 1.0
    return leads


def _pools(places: Sequence[Place], language: Language) -> tuple[list[int], ...]:
    """Which sentences to choose from first, and which when those are used up."""
    alone = [i for i, place in enumerate(places) if _stands_alone(*place)]
    asked = [i for i in alone if places[i][0].sentence_in(places[i][1], language) is not None]
    return asked, alone, list(range(len(places)))


def _stands_alone(passage: Passage, number: int) -> bool:
    """Whether a sentence is one, and says something to who has not read the one before it."""
    sentence = passage.sentence(number)
    chinese = passage.language == "zh"
    words = sentence if chinese else sentence.split()
    names = 0 if chinese else sum(word[0].isupper() for word in words)
    return (
        _FULL_STOP.search(sentence) is not None
        and len(words) >= SHORTEST[passage.language]
        and names * 2 <= len(words)  # more would be a list of names
        and not (_GOES_ON_ZH if chinese else _GOES_ON).match(sentence)
        and not leans(passage, number)
    )
