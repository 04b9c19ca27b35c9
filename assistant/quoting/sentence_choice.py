"""The composer that needs no model: it chooses the sentences that answer.

How each weight was chosen, with what moving it does: docs/answering.md.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..planning.questions import Question
from ..retrieval.index import Index, surfaces
from ..retrieval.language import simplified
from ..retrieval.ranking import Query
from ..retrieval.store import shared_words
from ..types import Hit, Language, Passage
from .answer_types import meets_kind

# Each was moved down and up on 368 questions of SQuAD 2.0's and CMRC 2018's training sets and on
# the 129 answerable ones of report-dev and near-misses-fit; no change is better on all of them.
CONTEXT_SHARE = 0.5  # of the cosine with the forerunner
# Two sentences embedded together lie so much farther from a question than the mean of their two
# vectors, by 57,552 pairs of a question of these sets and a sentence (correlation 0.98).
JOINED = 0.94
LEXICAL_WEIGHT = 0.02  # a point of BM25 among the candidates
PASSAGE_WEIGHT = 0.3
KIND_BONUS = 0.1
# The same for a sentence that says what a thing is, where that is asked.
MEANING_BONUS = 0.2
# What a sentence loses that speaks of other years than the question, and not of its.
YEAR_LOSS = 0.15
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
# A passage of a document that the question names. It pays one near miss of report-test; without,
# a shipped starter question ("How often does the work report …?") is answered by another document.
NAMED_SOURCE_BONUS = 0.1
# The first passage of a document says when it came out and who wrote it. It decides one of the 129.
FRONT_BONUS = 0.4
# A sentence of another place joins a doubtful answer when it is this close to the best; without,
# 106 of the 129 are right instead of 112.
RIVAL_MARGIN = 0.1
# A neighbour joins the answer when it is this close to the best; without, 2.0 (English) and 0.6
# (Chinese) points of the 368 lose the gold span.
NEIGHBOUR_MARGIN = 0.12
# A longer answer is no longer one: it would be the passage.
MAX_SENTENCES = 3

# A list has no more items than a reader takes in.
MOST_ITEMS = 10
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth".split()
_DIGITS = "一二三四五六七八九十"
_COUNTS = re.compile(rf"\b(?P<n>{'|'.join(_ORDINALS)}) (?P<what>[a-z]+)", re.IGNORECASE)
_COUNTS_ZH = re.compile(f"第(?P<n>[{_DIGITS}])(?P<what>[条项个点类种步]?[\u4e00-\u9fff]{{0,2}})")

# Pronouns and the like, and "the" before a word that the sentence before has used.
_LEANS_BACK = re.compile(
    r"(?:these|those|this|that|it|its|they|their|he|his|she|her|such|other|another)\b|"
    r"the (?P<noun>\w+)",
    re.IGNORECASE,
)
_LEANS_BACK_ZH = re.compile("这|那|该|此|其|它|他|她|双方|上述|前者|后者|两者|随后|随之|此后")


@dataclass(frozen=True, slots=True)
class Choice:
    """A sentence of a retrieved passage with its score; higher answers better."""

    hit: Hit
    number: int
    score: float
    meets: bool

    @property
    def passage(self) -> Passage:
        """The passage that the sentence stands in."""
        return self.hit.passage


def score_sentences(
    index: Index,
    question: Question,
    query: Query,
    hits: Sequence[Hit],
    named: Collection[str] = (),
    front: Collection[str] = (),
) -> list[Choice]:
    """Every sentence of the hits, best first.

    `named` are the sources that the question names, `front` the first passages of those that it
    asks about.

    A sentence counts by its cosine alone and with its forerunner, its BM25 score among the
    candidates, its passage's rank score, and whether it holds what the question asks for (a
    date for "when") beyond what the question says itself.
    """
    similar = _similarities(index, query, [hit.passage for hit in hits])
    choices = []
    for hit in hits:
        score = PASSAGE_WEIGHT * hit.score + NAMED_SOURCE_BONUS * (hit.passage.source_id in named)
        score += FRONT_BONUS * (hit.passage.id in front)
        for number in range(len(hit.passage.sentences)):
            texts = _surfaces(hit.passage, number)
            meets = meets_kind(question, texts)
            explains = any(question.is_explained_by(text, each) for each, text in texts.items())
            mine = score + similar[hit.passage.id, number] + KIND_BONUS * (meets is True)
            mine += MEANING_BONUS * explains - YEAR_LOSS * _is_of_another_year(question, texts)
            choices.append(Choice(hit, number, mine, meets is not False))
    return sorted(choices, key=lambda c: (-c.score, c.hit.rank, c.number))


def _is_of_another_year(question: Question, texts: Mapping[Language, str]) -> bool:
    asked = set(_YEAR.findall(question.focus))
    said = {year for text in texts.values() for year in _YEAR.findall(text)}
    return bool(asked and said and not asked & said)


def _similarities(
    index: Index, query: Query, passages: Sequence[Passage]
) -> dict[tuple[str, int], float]:
    """How near each sentence is to the question, in the language where it is nearer."""
    # BM25 among the candidates: what all of them say does not tell them apart.
    words = _words(query, passages)
    best: dict[tuple[str, int], float] = {}
    for id_, surface in index.surfaces(passages):
        alone = surface.sentences @ query.vector
        # A sentence with its forerunner lies, near enough, between the two.
        both = surface.sentences[1:] + surface.sentences[:-1]
        joined = alone.copy()
        joined[1:] = JOINED * (both @ query.vector) / np.linalg.norm(both, axis=1)
        scores = (1 - CONTEXT_SHARE) * alone + CONTEXT_SHARE * joined
        for number, score in enumerate(scores.tolist()):
            key = (id_, number)
            if surface.language == query.language:
                score += LEXICAL_WEIGHT * words.get(key, 0.0)
            best[key] = max(score, best.get(key, score))
    return best


def _words(query: Query, passages: Sequence[Passage]) -> Mapping[tuple[str, int], float]:
    texts = {
        (passage.id, number): passage.sentence_in(number, query.language) or ""
        for passage in passages
        for number in range(len(passage.sentences))
    }
    scores = shared_words([*texts.values()], query.text, query.language)
    return dict(zip(texts, scores, strict=True))


def choose(ranked: Sequence[Choice], question: Question | None = None) -> list[Choice]:
    """The sentences of the answer, in reading order: the best one and what it needs beside it.

    Neighbours that answer nearly as well join it; a sentence that leans on the one before it
    ("The firm focuses on …") brings that one along; and where a sentence of another place comes
    as near, both are given. A question for a list gets all items where sentences count them
    ("The first rule is …"), one for a meaning also the sentence after, which explains.
    """
    if not ranked:
        return []
    is_list = question is not None and question.kind == "list"
    if question is not None and is_list and _asks_for_counted(ranked[0], question):
        items = items_of(ranked)
        if items:
            return items
    chosen = _with_neighbours(ranked[0], ranked)
    if question is not None and question.asks_meaning:
        after = max(c.number for c in chosen if c.passage.id == ranked[0].passage.id) + 1
        beside = [c for c in ranked if c.passage.id == ranked[0].passage.id and c.number == after]
        return [*chosen, *beside]
    rivals = [
        c
        for c in ranked[1:MAX_SENTENCES]
        if c not in chosen and c.meets and ranked[0].score - c.score <= RIVAL_MARGIN
    ]
    if rivals and len(chosen) < MAX_SENTENCES:
        room = MAX_SENTENCES - len(chosen)
        joined = _with_neighbours(rivals[0], [rivals[0]])
        chosen += [c for c in joined if c not in chosen][:room]
    return sorted(chosen, key=lambda c: (c.hit.rank, c.number))


def _asks_for_counted(best: Choice, question: Question) -> bool:
    """Whether a question asks for what the best sentence counts: rules, where it is the first."""
    texts = _surfaces(best.passage, best.number)
    pattern = _COUNTS_ZH if question.language == "zh" else _COUNTS
    found = pattern.search(texts.get(question.language, ""))
    counted = found["what"].lower() if found else ""
    noun = counted[-2:] if question.language == "zh" else counted
    return bool(noun) and noun in simplified(question.text).lower()


def items_of(ranked: Sequence[Choice]) -> list[Choice]:
    """The sentences that count the items of a list, where the best one is one of them.

    "The first rule is …", "The second rule …": the same words behind the ordinals, one sentence
    each, at least two of them, in order.
    """
    counted = _counted(ranked[0])
    if counted is None:
        return []
    of_what, _ = counted
    items: dict[int, Choice] = {}
    for choice in ranked:
        if choice.passage.source_id == ranked[0].passage.source_id:
            found = _counted(choice)
            if found is not None and found[0] == of_what:
                # "The second rule also …" comes after what the second rule is.
                items[found[1]] = min(items.get(found[1], choice), choice, key=_place)
    ordered = [items[number] for number in sorted(items)]
    return ordered[:MOST_ITEMS] if len(ordered) > 1 else []


def _place(choice: Choice) -> int:
    return choice.passage.sentences[choice.number].start


def _counted(choice: Choice) -> tuple[str, int] | None:
    """What a sentence counts and which one it is, by its first ordinal: ("rule", 2)."""
    text = choice.passage.sentence(choice.number)
    if choice.passage.language == "zh":
        found = _COUNTS_ZH.search(text)
        return (found["what"], _DIGITS.index(found["n"])) if found else None
    found = _COUNTS.search(text)
    return (found["what"].lower(), _ORDINALS.index(found["n"].lower())) if found else None


def _with_neighbours(best: Choice, ranked: Sequence[Choice]) -> list[Choice]:
    beside = {c.number: c for c in ranked if c.passage.id == best.passage.id}
    numbers = {best.number}
    near = [c for c in beside.values() if best.score - c.score <= NEIGHBOUR_MARGIN]
    for choice in sorted(near, key=lambda c: -c.score):
        adjacent = {choice.number - 1, choice.number + 1} & numbers
        if adjacent and len(numbers) < MAX_SENTENCES:
            numbers.add(choice.number)
    while (first := min(numbers) - 1) in beside and len(numbers) < MAX_SENTENCES:
        if not leans(best.passage, first + 1):
            break
        numbers.add(first)
    return [beside[number] for number in sorted(numbers)]


def leans(passage: Passage, number: int) -> bool:
    """Whether a sentence leans on the one before it, which the passage need not hold."""
    pattern = _LEANS_BACK_ZH if passage.language == "zh" else _LEANS_BACK
    found = pattern.match(passage.sentence(number))
    noun = found.groupdict().get("noun") if found else None
    before = passage.sentence(number - 1).lower() if number else ""
    return noun.lower() in before if noun else found is not None


def _surfaces(passage: Passage, number: int) -> dict[Language, str]:
    found = {language: passage.sentence_in(number, language) for language in surfaces(passage)}
    return {language: text for language, text in found.items() if text is not None}
