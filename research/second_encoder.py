"""What the second encoder adds between languages, and the means that it subtracts.

`gain` asks XQuAD over its own 240 paragraphs and with others of the reading sets beside them, in
four directions: all weights on the even questions, to choose by, the rest on the odd ones.
The order within the passages of one language, among the 100 nearest by passage vector, is that of
    first + SECOND_WEIGHT × second
first: the mean of a passage's and its best sentence's cosine, of the index's model, as ever.
second: the same of the second encoder (`closeness`). Neither is scaled by what the candidates
have: on general text both deviate alike, as the first table shows.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from assistant.answering import open_assistant
from assistant.evaluation.checks import bar, print_rows
from assistant.evaluation.indexes import SetText, texts_settings
from assistant.evaluation.xquad import XquadFile, read_xquad, sample
from assistant.retrieval.embeddings import question_embeddings
from assistant.retrieval.index import centre
from assistant.retrieval.second_encoder import MEANS, SECOND_WEIGHT, Kind, SecondEncoder, closeness
from assistant.settings import Settings
from assistant.types import LANGUAGES, Language, other_language
from ingest.means import language_means

from .command import run

Vector = npt.NDArray[np.float32]
DATA = Path(__file__).parents[1] / "assistant" / "data"
# The reading sets whose paragraphs stand beside XQuAD's, and how many of them.
BESIDE: Mapping[Language, tuple[Sequence[str], int]] = {
    "en": (("squad2-fit.json", "squad2-dev19-fit.json"), 568),
    "zh": (("cmrc2018-fit.json", "drcd-dev-zh-fit.json"), 1_276),
}
CANDIDATES = 100
PASSAGE_TOKENS = 500  # as in the evaluation of XQuAD


@dataclass(frozen=True, slots=True)
class Held:
    """The passages of one language: vectors of both encoders, one row a passage or sentence.

    sources: of each passage. starts: the row of each one's first sentence, and the row's end.
    """

    sources: Sequence[str]
    passages: Vector
    sentences: Vector
    second: Vector
    starts: npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question's gold source, its candidates' sources, and what the encoders say of them."""

    gold: str
    sources: Sequence[str]
    first: Vector
    second: Mapping[str, Vector]  # by how the vectors are kept


Order = Callable[[Asked], Vector]


def hold(settings: Settings, file: XquadFile, reading: Path, encoder: SecondEncoder) -> Held:
    """XQuAD's paragraphs of one language and those beside them; their index is kept."""
    language, (names, count) = file.language, BESIDE[file.language]
    texts = {file.source(n): SetText(language, text) for n, text in enumerate(file.paragraphs)}
    others = dict.fromkeys(text for name in names for text in _paragraphs(reading / name))
    beside = sample([text for text in others if text not in file.paragraphs], count)
    texts |= {f"{language}-beside-{n:04}": SetText(language, t) for n, t in enumerate(beside)}
    home = settings.home / "evaluation" / f"second-encoder-{language}"
    mine = texts_settings(settings, home, texts, passage_tokens=PASSAGE_TOKENS)
    with open_assistant(mine) as assistant:
        index = assistant.index
        passages = index.passages(index.passage_ids)
        ids = [f"{p.id}|{language}|{n}" for p in passages for n in range(len(p.sentences))]
        sentences = index.stored("sentences").of(ids).vectors
        own = index.stored("passages").of([f"{p.id}|{language}|0" for p in passages]).vectors
        words = [
            index.sources[p.source_id].text[s.start : s.end] for p in passages for s in p.sentences
        ]
    starts = np.cumsum([0, *(len(p.sentences) for p in passages)])
    second = encoder.embed(words, language=language, kind="passage")
    return Held([p.source_id for p in passages], own, sentences, second, starts)


def _paragraphs(path: Path) -> list[str]:
    articles = json.loads(path.read_text(encoding="utf-8"))["data"]
    return [" ".join(p["context"].split()) + "\n" for a in articles for p in a["paragraphs"]]


def ask(over: Held, gold: str, first: Vector, second: Vector, *, own: bool) -> Asked:
    """The candidates of a question with these vectors; `own` leaves only XQuAD's among them."""
    cosines = over.passages @ first
    ids = [i for i in np.argsort(-cosines) if not (own and "beside" in over.sources[i])]
    ids = ids[:CANDIDATES]
    rows = [np.arange(over.starts[i], over.starts[i + 1]) for i in ids]
    starts = np.cumsum([0, *map(len, rows[:-1])], dtype=np.intp)
    every = np.concatenate(rows)
    best = np.maximum.reduceat(over.sentences[every] @ first, starts)
    vectors = over.second[every]
    kept = {"float32": vectors, "float16": vectors.astype(np.float16), "int8": _int8(vectors)}
    return Asked(
        gold,
        [over.sources[i] for i in ids],
        ((cosines[ids] + best) / 2).astype(np.float32),
        {how: closeness(second, v.astype(np.float32), starts) for how, v in kept.items()},
    )


def _int8(vectors: Vector) -> Vector:
    whole = np.round(vectors * (127 / np.abs(vectors).max(axis=1, keepdims=True)))
    unit: Vector = whole / np.linalg.norm(whole, axis=1, keepdims=True)
    return unit


def _z(scores: Vector) -> Vector:
    z: Vector = (scores - scores.mean()) / scores.std()
    return z


def _with(weight: float, how: str = "float32") -> Order:
    return lambda asked: asked.first + np.float32(weight) * asked.second[how]


WEIGHTS: Mapping[str, Order] = {f"weight {n / 10}": _with(n / 10) for n in range(7)}
CHOSEN: Mapping[str, Order] = {
    "first alone": _with(0),
    "second alone": lambda asked: asked.second["float32"],
    f"first + {SECOND_WEIGHT} second": _with(SECOND_WEIGHT),
    "… by z-scores over the candidates": lambda asked: (
        _z(asked.first) + np.float32(SECOND_WEIGHT) * _z(asked.second["float32"])
    ),
    "… vectors kept as float16": _with(SECOND_WEIGHT, "float16"),
    "… vectors kept as int8": _with(SECOND_WEIGHT, "int8"),
}


def recall(asked: Sequence[Asked], order: Order) -> str:
    """Recall@1 / @5 of the gold source in %."""
    places = []
    for one in asked:
        ranked = dict.fromkeys(one.sources[i] for i in np.argsort(-order(one), kind="stable"))
        places.append([*ranked, one.gold].index(one.gold) if one.gold in ranked else CANDIDATES)
    return " / ".join(f"{100 * np.mean([place < k for place in places]):.1f}" for k in (1, 5))


def print_gain(settings: Settings, xquad: Path, reading: Path) -> None:
    """Print how far cosines of unrelated texts deviate, then recall by weight and of the chosen."""
    first, second = question_embeddings(settings), SecondEncoder()
    means, texts = language_means(first, settings.cache), general_texts()

    def both(words: Sequence[str], language: Language, kind: Kind) -> tuple[Vector, Vector]:
        raw = (
            first.embed_documents([*words]) if kind == "passage" else map(first.embed_query, words)
        )
        centred = [centre(vector, means[f"{kind}-{language}"]) for vector in raw]
        return np.array(centred), second.embed(words, language=language, kind=kind)

    deviations: dict[str, list[str]] = {}
    for asked in LANGUAGES:
        held = other_language(asked)
        queries = both(texts["query", asked], asked, "query")
        passages = both(texts["passage", held], held, "passage")
        deviations[f"{asked} → {held}"] = [
            f"{(q @ p.T).std(axis=1).mean():.3f}" for q, p in zip(queries, passages, strict=True)
        ]
    print_rows("Deviation of a question's cosines, general text", ["first", "second"], deviations)

    files = read_xquad(xquad)
    over = {file.language: hold(settings, file, reading, second) for file in files}
    vectors = {
        file.language: both([q.question for q in bar(file.questions)], file.language, "query")
        for file in files
    }
    for own in (True, False):
        columns = {
            f"{language} → {file.language}": [
                ask(over[file.language], file.source(question.paragraph), *pair, own=own)
                for question, *pair in zip(file.questions, *vectors[language], strict=True)
            ]
            for language in LANGUAGES
            for file in files
        }
        among = "XQuAD's own paragraphs" if own else "those of the reading sets beside them"
        for orders, part, name in ((WEIGHTS, 0, "even"), (CHOSEN, 1, "odd")):
            rows = {
                label: [recall(found[part::2], order) for found in columns.values()]
                for label, order in orders.items()
            }
            print_rows(f"R@1 / R@5 in %, {among}, {name} questions", list(columns), rows)


def general_texts() -> Mapping[tuple[Kind, Language], list[str]]:
    """The general parallel text that ships, questions and passages apart."""
    lines = (DATA / "general_pairs.tsv").read_text(encoding="utf-8").splitlines()[1:]
    texts: dict[tuple[Kind, Language], list[str]] = {}
    for kind, *pair in (line.split("\t") for line in lines):
        for language, text in zip(LANGUAGES, pair, strict=True):
            texts.setdefault(("query" if kind == "question" else "passage", language), []).append(
                text
            )
    return texts


def general_means() -> dict[str, Vector]:
    """The mean vector of each kind of general text in each language."""
    encoder = SecondEncoder()
    return {
        f"{kind}-{language}": encoder.embed_as_is(texts).mean(axis=0)
        for (kind, language), texts in general_texts().items()
    }


def main(argv: Sequence[str] | None = None) -> None:
    """Write the means, or print the gain, as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m research.second_encoder", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("means", help=f"write {DATA / MEANS}")
    gain = commands.add_parser("gain", help="print the tables")
    gain.add_argument("xquad", type=Path, help="holds xquad.en.json and xquad.zh.json")
    gain.add_argument("reading", type=Path, help="holds the reading sets")
    options = parser.parse_args(argv)
    if options.command == "means":
        np.savez(DATA / MEANS, allow_pickle=False, **general_means())
    else:
        print_gain(Settings.load(), options.xquad, options.reading)


if __name__ == "__main__":
    run(main)
