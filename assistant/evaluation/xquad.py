"""The retrieval table of design 6, rebuilt with the product's own index and ranking."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ingest import build_index

from ..embeddings import OnnxEmbeddings, SentenceTransformerEmbeddings, question_embeddings
from ..index import Index, Vector, centre, open_index
from ..ranking import make_query, rank
from ..settings import Settings
from ..types import LANGUAGES, Language, other_language
from .squad import SquadQuestion, read_paragraphs, read_squad

Scores = npt.NDArray[np.float32]
# XQuAD's longest paragraphs have some 600 tokens; a limit of 500 parts three of the 240.
_PASSAGE_TOKENS = 500
_RRF_K = 60


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of the set with its raw vector."""

    gold: SquadQuestion
    vector: list[float]


@dataclass(frozen=True, slots=True)
class Recall:
    """Percent of questions whose gold paragraph is first, or among the first five."""

    at_1: float
    at_5: float

    def __str__(self) -> str:
        """As the table prints it."""
        return f"{self.at_1:5.1f} / {self.at_5:5.1f}"


def print_table(settings: Settings, directory: Path, *, limit: int | None = None) -> None:
    """Print recall for every recipe in four directions, then for both languages in one index."""
    from tqdm import tqdm

    files = {language: directory / f"xquad.{language}.json" for language in LANGUAGES}
    engine = question_embeddings(settings)
    asked: dict[Language, list[Asked]] = {
        language: [
            Asked(question, engine.embed_query(question.question))
            for question in tqdm(read_squad(file)[:limit], leave=False)
        ]
        for language, file in files.items()
    }
    with ExitStack() as opened:
        single = {lang: _index(settings, {lang: files[lang]}, engine) for lang in LANGUAGES}
        mixed = _index(settings, files, engine)
        for index in (*single.values(), mixed):
            opened.callback(index.close)
        _print_directions(single, asked)
        _print_mixed(mixed, asked)


def _print_directions(
    single: Mapping[Language, Index], asked: Mapping[Language, Sequence[Asked]]
) -> None:
    directions = [(a, h) for a in LANGUAGES for h in LANGUAGES]
    directions.sort(key=lambda pair: pair[0] != pair[1])
    print("R@1 / R@5 in %         " + "   ".join(f"   {a} → {h}   " for a, h in directions))
    for name, recipe in RECIPES.items():
        cells = [str(recipe(single[h], asked[a], a, h)) for a, h in directions]
        print(f"{name:22} " + "   ".join(cells), flush=True)


def _print_mixed(mixed: Index, asked: Mapping[Language, Sequence[Asked]]) -> None:
    print("\nBoth languages in one index; the gold paragraph in the other language, or the same")
    for language, questions in asked.items():
        for held in (other_language(language), language):
            recall = _product(mixed, questions, language, held)
            print(f"asked in {language}, gold in {held}   {recall}")


def _index(
    settings: Settings,
    files: dict[Language, Path],
    engine: OnnxEmbeddings | SentenceTransformerEmbeddings,
) -> Index:
    """The product's own index over the files' paragraphs, built once and kept."""
    home = settings.home / "evaluation" / ("xquad-" + "-".join(files))
    corpus = home / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    rows = []
    for language, file in files.items():
        for number, paragraph in enumerate(read_paragraphs(file)):
            name = f"{language}-{number:04}"
            text = " ".join(paragraph.split()) + "\n"
            (corpus / f"{name}.txt").write_text(text, encoding="utf-8")
            rows.append(_manifest_entry(name, language, text))
    (corpus / "sources.toml").write_text("\n".join(rows), encoding="utf-8")
    mine = replace(settings, home=home, corpus=corpus, passage_tokens=_PASSAGE_TOKENS)
    build_index(mine)
    return open_index(mine, fingerprint=engine.fingerprint)


def _manifest_entry(name: str, language: Language, text: str) -> str:
    digest = hashlib.sha256(text.encode()).hexdigest()
    empty = "title_en title_zh author publisher date url licence".split()
    return "\n".join(
        [
            "[[source]]",
            f'id = "{name}"\nlanguage = "{language}"\nkind = "original"',
            f'text = "{name}.txt"\nsha256 = "{digest}"',
            *(f'{key} = ""' for key in empty),
            "",
        ]
    )


def _recall(ranked: Sequence[Sequence[str]], gold: Sequence[str]) -> Recall:
    first = [g in names[:1] for names, g in zip(ranked, gold, strict=True)]
    five = [g in names[:5] for names, g in zip(ranked, gold, strict=True)]
    return Recall(100 * float(np.mean(first)), 100 * float(np.mean(five)))


def _product(index: Index, questions: Sequence[Asked], asked: Language, held: Language) -> Recall:
    ranked = []
    for question in questions:
        query = make_query(index, question.gold.question, asked, question.vector)
        hits = rank(index, query, count=8)
        ranked.append(list(dict.fromkeys(hit.passage.source_id for hit in hits)))
    return _recall(ranked, [f"{held}-{q.gold.paragraph:04}" for q in questions])


Scorer = Callable[["_Table", SquadQuestion, Vector, Language], Scores]


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


def _scored(scorer: Scorer) -> Callable[..., Recall]:
    def recipe(index: Index, questions: Sequence[Asked], asked: Language, held: Language) -> Recall:
        table = _Table(index)
        ranked = []
        for question in questions:
            vector = np.asarray(question.vector, dtype=np.float32)
            scores = scorer(table, question.gold, vector, asked)
            ids = [table.ids[i].split(".")[0] for i in np.argsort(-scores, kind="stable")[:8]]
            ranked.append(list(dict.fromkeys(ids)))
        return _recall(ranked, [f"{held}-{q.gold.paragraph:04}" for q in questions])

    return recipe


def _centred(t: _Table, q: SquadQuestion, v: Vector, asked: Language) -> Scores:
    moved = centre(v, t.index.means[f"query-{asked}"])
    return t.both(t.passages @ moved, t.sentences @ moved)


RECIPES: dict[str, Callable[..., Recall]] = {
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
