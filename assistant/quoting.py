"""The composer that needs no model: it chooses the sentences that answer (design 7)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from .answer_types import meets_kind
from .index import Index, Stored, surfaces
from .lexical import LexicalIndex
from .naming import around, plain, share_held
from .questions import Question
from .ranking import Query
from .types import Hit, Language, Passage

# Chosen on every second and every fifth XQuAD question, end to end: with all of them the first
# sentence holds the answer for 82.4 % (en) and 85.3 % (zh). BM25 over the candidates alone beats
# BM25 over the corpus by 3 points: what all candidates say does not tell them apart.
CONTEXT_SHARE = 0.5
LEXICAL_WEIGHT = 0.02
PASSAGE_WEIGHT = 0.3
KIND_BONUS = 0.1
# The question's names, in the sentence or the one before, and anywhere in the passage.
NAME_BONUS = 0.05
AROUND_BONUS = 0.1
# "The incubator focuses on …" is compared with its forerunner only: + 2.5 points in Chinese.
LEANING_SHARE = 1.0
# What names the document ("in the 2015 work report") is not what is asked of it: the question
# without such names counts for this share, and the sources they point to get a bonus. On
# report-dev the first answer was right for 25 of 45 without this and 35 with it.
FOCUS_SHARE = 0.6
NAMED_SOURCE_BONUS = 0.1
# The first passage of a document says when it came out and who wrote it.
FRONT_BONUS = 0.4
# A sentence of another place joins a doubtful answer when it is this close to the best, the
# reading counted (on the sets about the corpus: 0.04 with 1.2 of reading cites all evidence for 109
# of 119 questions, 0.1 with 0.8 for 112).
RIVAL_MARGIN = 0.1
# A neighbour joins the answer of a why, how or what question when it is this close to the best.
NEIGHBOUR_MARGIN = 0.12
MAX_SENTENCES = 3

_LEANS_BACK = re.compile(
    r"^(?:these|those|this|that|it|its|they|their|he|his|she|her|such|following this|together|"
    r"the (?:incubator|centre|center|report|survey|guide|guidelines|guidance|document|opinions|"
    r"agreement|programme|programmes|camps|scores?)|other|another)\b",
    re.IGNORECASE,
)
_LEANS_BACK_ZH = re.compile("^(?:这|那|该|此|其|它|他|她|双方|上述|前者|后者|两者|随后|随之|此后)")


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
    queries: Sequence[tuple[Query, float]],
    hits: Sequence[Hit],
    named: Collection[str] = (),
) -> list[Choice]:
    """Every sentence of the hits, best first.

    `queries` are forms of the question with their shares; `named` are the sources it points
    to. A sentence counts by its cosine alone and with its forerunner, its BM25 score among the
    candidates, its passage's rank score, and whether it holds what the question asks for (a
    date for "when") beyond what the question says itself.
    """
    totals = _similarities(index, queries, [hit.passage for hit in hits])
    choices = []
    front = set(index.front_passages(named)) if question.asks_about_document else set()
    for hit in hits:
        bonus = NAMED_SOURCE_BONUS * (hit.passage.source_id in named)
        bonus += AROUND_BONUS * _share_around(index, question, hit.passage)
        bonus += FRONT_BONUS * (hit.passage.id in front)
        for number in range(len(hit.passage.sentences)):
            meets = meets_kind(question, _surfaces(hit.passage, number), index.glossary)
            score = totals[hit.passage.id, number] + PASSAGE_WEIGHT * hit.score + bonus
            score += KIND_BONUS * (meets is True)
            score += NAME_BONUS * _named_share(index, question, hit.passage, number)
            choices.append(Choice(hit, number, score, meets is not False))
    return sorted(choices, key=lambda c: (-c.score, c.hit.rank, c.number))


def _share_around(index: Index, question: Question, passage: Passage) -> float:
    texts = [around(index.sources[passage.source_id], passage)]
    return share_held(index.glossary, question.names, texts)


def _named_share(index: Index, question: Question, passage: Passage, number: int) -> float:
    # The sentence before counts too: it says which incubator "the incubator" is.
    numbers = range(max(0, number - 1), number + 1)
    texts = [plain(text) for n in numbers for text in _surfaces(passage, n).values()]
    return share_held(index.glossary, question.names, texts)


def _similarities(
    index: Index, queries: Sequence[tuple[Query, float]], passages: Sequence[Passage]
) -> dict[tuple[str, int], float]:
    """How near each sentence is to the question, the shares of its forms added up."""
    alone = index.stored("sentences", passages)
    contexts = index.stored("contexts", passages)
    # All forms of a question are in one language.
    words = _local_index(queries[0][0].language, passages)
    by_id = {passage.id: passage for passage in passages}
    totals: dict[tuple[str, int], float] = defaultdict(float)
    for query, share in queries:
        near = _similar(query, alone, contexts, words, by_id)
        for key, score in near.items():
            totals[key] += share * score
    return totals


def _similar(
    query: Query,
    alone: Stored,
    contexts: Stored,
    words: LexicalIndex,
    by_id: Mapping[str, Passage],
) -> dict[tuple[str, int], float]:
    context = {
        (near.passage_id, near.surface, near.number): near.cosine
        for near in contexts.cosines(query.vector)
    }
    lexical = dict(zip(words.ids, words.scores(query.text).tolist(), strict=True))
    best: dict[tuple[str, int], float] = {}
    for near in alone.cosines(query.vector):
        key = (near.passage_id, near.number)
        share = LEANING_SHARE if _leans(by_id[near.passage_id], near.number) else CONTEXT_SHARE
        score = (1 - share) * near.cosine
        score += share * context[near.passage_id, near.surface, near.number]
        if near.surface == query.language:
            score += LEXICAL_WEIGHT * lexical.get(str(key), 0.0)
        best[key] = max(score, best.get(key, score))
    return best


def _local_index(language: Language, passages: Sequence[Passage]) -> LexicalIndex:
    texts = {
        str((passage.id, number)): passage.sentence_in(number, language) or ""
        for passage in passages
        for number in range(len(passage.sentences))
    }
    return LexicalIndex.build(texts, language)


def choose(question: Question, ranked: Sequence[Choice]) -> list[Choice]:
    """The sentences of the answer, in reading order: the best one and what it needs beside it.

    A sentence that leans on the one before it ("The incubator focuses on …") brings that one
    along; a why, how or what question may get neighbours that answer nearly as well; and where
    a sentence of another place comes as near, both are given.
    """
    if not ranked:
        return []
    chosen = _with_neighbours(question, ranked[0], ranked)
    rivals = [
        c
        for c in ranked[1:MAX_SENTENCES]
        if c not in chosen and c.meets and ranked[0].score - c.score <= RIVAL_MARGIN
    ]
    if rivals and len(chosen) < MAX_SENTENCES:
        room = MAX_SENTENCES - len(chosen)
        joined = _with_neighbours(question, rivals[0], [rivals[0]])
        chosen += [c for c in joined if c not in chosen][:room]
    return sorted(chosen, key=lambda c: (c.hit.rank, c.number))


def _with_neighbours(question: Question, best: Choice, ranked: Sequence[Choice]) -> list[Choice]:
    beside = {c.number: c for c in ranked if c.passage.id == best.passage.id}
    numbers = {best.number}
    if question.wants_more:
        near = [c for c in beside.values() if best.score - c.score <= NEIGHBOUR_MARGIN]
        for choice in sorted(near, key=lambda c: -c.score):
            adjacent = {choice.number - 1, choice.number + 1} & numbers
            if adjacent and len(numbers) < MAX_SENTENCES:
                numbers.add(choice.number)
    while (first := min(numbers) - 1) in beside and len(numbers) < MAX_SENTENCES:
        if not _leans(best.passage, first + 1):
            break
        numbers.add(first)
    return [beside[number] for number in sorted(numbers)]


def _leans(passage: Passage, number: int) -> bool:
    pattern = _LEANS_BACK_ZH if passage.language == "zh" else _LEANS_BACK
    return bool(pattern.match(passage.sentence(number)))


def _surfaces(passage: Passage, number: int) -> dict[Language, str]:
    found = {language: passage.sentence_in(number, language) for language in surfaces(passage)}
    return {language: text for language, text in found.items() if text is not None}
