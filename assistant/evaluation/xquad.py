"""The retrieval table of design 6, rebuilt with the product's own index and ranking."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..embeddings import question_embeddings
from ..index import Index, Vector, centre, open_index
from ..ranking import make_query, rank
from ..settings import Settings
from ..types import LANGUAGES, Language, other_language
from .xquad_index import source_id, xquad_settings
from .xquad_set import XquadQuestion, print_rows, read_xquad, row_groups, sample

Scores = npt.NDArray[np.float32]
# For each question the gold paragraph's place among the retrieved ones, 0 for the first.
Places = npt.NDArray[np.int64]
_RETRIEVED = 8
_RRF_K = 60


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of the set with its raw vector."""

    gold: XquadQuestion
    vector: list[float]


Recipe = Callable[[Index, Sequence[Asked], Language, Language], Places]


def print_table(settings: Settings, directory: Path, *, limit: int | None = None) -> None:
    """Print recall for every recipe in four directions, then for both languages in one index.

    `limit` asks that many questions of each language, spread over the articles.
    """
    from tqdm import tqdm

    files = read_xquad(directory)
    engine = question_embeddings(settings)
    asked: dict[Language, list[Asked]] = {
        language: [
            Asked(question, engine.embed_query(question.question))
            for question in tqdm(sample(file.questions, limit), leave=False, disable=None)
        ]
        for language, file in files.items()
    }
    with ExitStack() as opened:

        def index_of(*languages: Language) -> Index:
            mine = xquad_settings(settings, [files[language] for language in languages])
            index = open_index(mine, fingerprint=engine.fingerprint)
            opened.callback(index.close)
            return index

        single = _directions({lang: index_of(lang) for lang in LANGUAGES}, asked)
        mixed = _mixed(index_of(*LANGUAGES), asked)
    for heading, group in row_groups([question.gold for question in asked["en"]]):
        _print_group(heading, group, single, mixed)


def _directions(
    single: Mapping[Language, Index], asked: Mapping[Language, Sequence[Asked]]
) -> dict[str, dict[str, Places]]:
    """By recipe and direction."""
    directions = [(a, h) for a in LANGUAGES for h in LANGUAGES]
    directions.sort(key=lambda pair: pair[0] != pair[1])
    return {
        name: {f"{a} → {h}": recipe(single[h], asked[a], a, h) for a, h in directions}
        for name, recipe in RECIPES.items()
    }


def _mixed(index: Index, asked: Mapping[Language, Sequence[Asked]]) -> dict[str, Places]:
    return {
        f"asked in {language}, gold in {held}": _product(index, questions, language, held)
        for language, questions in asked.items()
        for held in (other_language(language), language)
    }


def _print_group(
    heading: str,
    group: Sequence[int],
    single: Mapping[str, Mapping[str, Places]],
    mixed: Mapping[str, Places],
) -> None:
    columns = list(next(iter(single.values())))
    rows = {name: [_recall(cells[c], group) for c in columns] for name, cells in single.items()}
    print_rows(f"R@1 / R@5 in %: {heading}", columns, rows)
    print("\nBoth languages in one index; the gold paragraph in the other language, or the same")
    for name, places in mixed.items():
        print(f"{name}   {_recall(places, group)}", flush=True)


def _recall(places: Places, group: Sequence[int]) -> str:
    """Percent of the group's questions whose gold paragraph is first, and among the first five."""
    mine = places[list(group)]
    return f"{100 * float(np.mean(mine < 1)):5.1f} / {100 * float(np.mean(mine < 5)):5.1f}"


def _places(ranked: Sequence[Sequence[str]], questions: Sequence[Asked], held: Language) -> Places:
    golds = [source_id(held, question.gold.paragraph) for question in questions]
    return np.array(
        [
            names.index(gold) if gold in names else _RETRIEVED
            for names, gold in zip(ranked, golds, strict=True)
        ],
        dtype=np.int64,
    )


def _product(index: Index, questions: Sequence[Asked], asked: Language, held: Language) -> Places:
    ranked = []
    for question in questions:
        query = make_query(index, question.gold.question, asked, question.vector)
        hits = rank(index, query, count=_RETRIEVED)
        ranked.append(list(dict.fromkeys(hit.passage.source_id for hit in hits)))
    return _places(ranked, questions, held)


Scorer = Callable[["_Table", XquadQuestion, Vector, Language], Scores]


class _Table:
    """All vectors of an index as matrices, for the recipes that the product does not use."""

    def __init__(self, index: Index) -> None:
        self.index = index
        passages, sentences = index.stored("passages"), index.stored("sentences")
        self.ids, self.passages = passages.passage_ids, passages.vectors
        self.sentences = sentences.vectors
        place = {id_: i for i, id_ in enumerate(self.ids)}
        self.owner = np.array([place[id_] for id_ in sentences.passage_ids])
        self.language: Language = index.passages(self.ids[:1])[0].language
        mean = index.means[f"passage-{self.language}"]
        self.raw_passages = _uncentred(self.passages, mean)
        self.raw_sentences = _uncentred(self.sentences, mean)

    def both(self, passages: Scores, sentences: Scores) -> Scores:
        """The mean of each passage's score and its best sentence's."""
        best = np.full(len(self.ids), -1.0, dtype=np.float32)
        np.maximum.at(best, self.owner, sentences)
        mean: Scores = ((passages + best) / 2).astype(np.float32)
        return mean

    def lexical(self, question: str) -> Scores:
        """BM25 of every passage, in the order of `ids`."""
        index = self.index.lexical[self.language]
        scores = dict(zip(index.ids, index.scores(question).tolist(), strict=True))
        return np.array([scores[id_] for id_ in self.ids], dtype=np.float32)


def _uncentred(vectors: Vector, mean: Vector) -> Vector:
    # centred = (raw − mean) / length, and raw has length 1: solve for the length.
    dot = vectors @ mean
    length = -dot + np.sqrt(dot**2 + 1 - mean @ mean)
    raw: Vector = (vectors * length[:, None] + mean).astype(np.float32)
    return raw


def _fused(first: Scores, second: Scores) -> Scores:
    places = [np.empty(len(s), dtype=np.float32) for s in (first, second)]
    for place, scores in zip(places, (first, second), strict=True):
        place[np.argsort(-scores)] = np.arange(len(scores))
    fused: Scores = (1 / (_RRF_K + places[0]) + 1 / (_RRF_K + places[1])).astype(np.float32)
    return fused


def _scored(scorer: Scorer) -> Recipe:
    def recipe(index: Index, questions: Sequence[Asked], asked: Language, held: Language) -> Places:
        table = _Table(index)
        ranked = []
        for question in questions:
            vector = np.asarray(question.vector, dtype=np.float32)
            scores = scorer(table, question.gold, vector, asked)
            ids = [table.ids[i].split(".")[0] for i in _first(scores)]
            ranked.append(list(dict.fromkeys(ids)))
        return _places(ranked, questions, held)

    return recipe


def _first(scores: Scores) -> list[int]:
    order: list[int] = np.argsort(-scores, kind="stable")[:_RETRIEVED].tolist()
    return order


def _centred(t: _Table, q: XquadQuestion, v: Vector, asked: Language) -> Scores:
    moved = centre(v, t.index.means[f"query-{asked}"])
    return t.both(t.passages @ moved, t.sentences @ moved)


RECIPES: dict[str, Recipe] = {
    "BM25 alone": _scored(lambda t, q, v, a: t.lexical(q.question)),
    "paragraph vector": _scored(lambda t, q, v, a: t.raw_passages @ v),
    "… fused with BM25": _scored(
        lambda t, q, v, a: _fused(t.raw_passages @ v, t.lexical(q.question))
    ),
    "paragraph and sentence": _scored(
        lambda t, q, v, a: t.both(t.raw_passages @ v, t.raw_sentences @ v)
    ),
    "… centred": _scored(_centred),
    "product": _product,
}
