"""Recall on XQuAD recipe by recipe: what each part of the product's ranking adds.

The last recipe is the product's own, as `python -m assistant.evaluation xquad` asks it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from assistant.answering import Assistant
from assistant.evaluation.checks import bar, print_rows
from assistant.evaluation.xquad import XquadFile, opened, read_xquad
from assistant.retrieval.embeddings import question_embeddings
from assistant.retrieval.index import Index, centre
from assistant.retrieval.store import Vector
from assistant.settings import Settings
from assistant.types import Language

from .command import run

Scores = npt.NDArray[np.float32]
_RETRIEVED = 8
# Cormack, Clarke & Büttcher (2009), "Reciprocal rank fusion", as most libraries have it.
_RRF_K = 60


class Table:
    """All vectors of an index as matrices."""

    def __init__(self, index: Index) -> None:
        """Read them."""
        self.index = index
        passages = [p for id_ in index.records for p in index.passages_of(id_)]
        rows = index.surfaces(passages)
        self.ids = [id_ for id_, _ in rows]
        self.numbers = [surface.n for _, surface in rows]
        self.passages = np.stack([surface.vector for _, surface in rows])
        self.sentences = np.concatenate([surface.sentences for _, surface in rows])
        sizes = [len(surface.sentences) for _, surface in rows]
        self.owner = np.repeat(np.arange(len(rows)), sizes)
        self.language: Language = passages[0].language
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
        scores = self.index.matches(question, self.language, len(self.ids))
        return np.array([scores.get(n, 0.0) for n in self.numbers], dtype=np.float32)

    def centred(self, vector: Vector, asked: Language) -> Scores:
        """The mean of passage and best sentence, all centred by the mean of their language."""
        moved = centre(vector, self.index.means[f"query-{asked}"])
        return self.both(self.passages @ moved, self.sentences @ moved)


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


# From the table, a question, its raw vector and its language to a score for each passage.
RECIPES: Mapping[str, Callable[[Table, str, Vector, Language], Scores]] = {
    "BM25 alone": lambda t, q, v, a: t.lexical(q),
    "paragraph vector": lambda t, q, v, a: t.raw_passages @ v,
    "… fused with BM25": lambda t, q, v, a: _fused(t.raw_passages @ v, t.lexical(q)),
    "paragraph and sentence": lambda t, q, v, a: t.both(t.raw_passages @ v, t.raw_sentences @ v),
    "… centred": lambda t, q, v, a: t.centred(v, a),
}


def print_recipes(settings: Settings, directory: Path, *, limit: int | None = None) -> None:
    """Print recall of the gold paragraph, first and among the first five, in four directions."""
    files = read_xquad(directory, limit)
    engine = question_embeddings(settings)
    columns: list[str] = []
    rows: dict[str, list[str]] = {name: [] for name in (*RECIPES, "product")}
    for held in files:
        with opened(settings, [held]) as assistant:
            table = Table(assistant.index)
            for asked in files:
                columns.append(f"{asked.language} → {held.language}")
                vectors = [
                    np.asarray(engine.embed_query(q.question), dtype=np.float32)
                    for q in bar(asked.questions)
                ]
                for name, scores_of in RECIPES.items():
                    ranked = [
                        [table.ids[i].split(".")[0] for i in np.argsort(-scores, kind="stable")]
                        for q, v in zip(asked.questions, vectors, strict=True)
                        for scores in [scores_of(table, q.question, v, asked.language)]
                    ]
                    rows[name].append(_recall(ranked, asked, held))
                rows["product"].append(_recall(_product(assistant, asked), asked, held))
    print_rows("R@1 / R@5 in %, all articles", columns, rows)


def _product(assistant: Assistant, asked: XquadFile) -> list[list[str]]:
    found = (assistant.retrieve(q.question, count=_RETRIEVED) for q in bar(asked.questions))
    return [[hit.passage.source_id for hit in hits] for hits in found]


def _recall(ranked: Sequence[Sequence[str]], asked: XquadFile, held: XquadFile) -> str:
    places = [
        list(dict.fromkeys(names[:_RETRIEVED])).index(held.source(q.paragraph))
        if held.source(q.paragraph) in names[:_RETRIEVED]
        else _RETRIEVED
        for names, q in zip(ranked, asked.questions, strict=True)
    ]
    shares = (100 * float(np.mean([place < k for place in places])) for k in (1, 5))
    return " / ".join(f"{share:.1f}" for share in shares)


def main(argv: Sequence[str] | None = None) -> None:
    """Ask the questions of the folder that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m research.recipes", description=__doc__)
    parser.add_argument("directory", type=Path, help="holds xquad.en.json and xquad.zh.json")
    parser.add_argument("--limit", type=int, metavar="N", help="N questions of each language")
    options = parser.parse_args(argv)
    print_recipes(Settings.load(), options.directory, limit=options.limit)


if __name__ == "__main__":
    run(main)
