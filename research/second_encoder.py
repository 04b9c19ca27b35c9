"""What the second encoder adds between languages, and the means that it subtracts.

`gain` asks XQuAD over its own 240 paragraphs and with others of the reading sets beside them, in
four directions: all weights on the even questions, to choose by, none and the product's on the odd
ones.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from unittest.mock import patch

import numpy as np

from assistant.answering import Assistant, open_assistant
from assistant.evaluation.checks import bar, print_rows
from assistant.evaluation.indexes import SetText, texts_settings
from assistant.evaluation.xquad import XquadFile, XquadQuestion, read_xquad, sample
from assistant.retrieval.embeddings import TextEmbeddings, question_embeddings
from assistant.retrieval.language import simplified
from assistant.retrieval.ranking import SECOND_WEIGHT, Query, make_query, rank
from assistant.retrieval.second_encoder import MEANS, Kind, Vector, second_encoder
from assistant.settings import Settings
from assistant.types import LANGUAGES, Language

from .command import run

DATA = Path(__file__).parents[1] / "assistant" / "data"
# The reading sets whose paragraphs stand beside XQuAD's, and how many of them.
BESIDE: Mapping[Language, tuple[Sequence[str], int]] = {
    "en": (("squad2-fit.json", "squad2-dev19-fit.json"), 568),
    "zh": (("cmrc2018-fit.json", "drcd-dev-zh-fit.json"), 1_276),
}
WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
PASSAGE_TOKENS = 500  # as in the evaluation of XQuAD
RETRIEVED = 8


def opened(settings: Settings, file: XquadFile, reading: Path) -> Assistant:
    """An assistant over XQuAD's paragraphs of one language and those beside them; it is kept."""
    language, (names, count) = file.language, BESIDE[file.language]
    texts = {file.source(n): SetText(language, text) for n, text in enumerate(file.paragraphs)}
    others = dict.fromkeys(text for name in names for text in _paragraphs(reading / name))
    beside = sample([text for text in others if text not in file.paragraphs], count)
    texts |= {f"{language}-beside-{n:04}": SetText(language, t) for n, t in enumerate(beside)}
    home = settings.home / "evaluation" / f"second-encoder-{language}"
    return open_assistant(texts_settings(settings, home, texts, passage_tokens=PASSAGE_TOKENS))


def _paragraphs(path: Path) -> list[str]:
    articles = json.loads(path.read_text(encoding="utf-8"))["data"]
    return [" ".join(p["context"].split()) + "\n" for a in articles for p in a["paragraphs"]]


# A question with what it is found by, and the id of the source that answers it.
Asked = tuple[Query, str]


def recall(assistant: Assistant, asked: Sequence[Asked], own: Sequence[str] | None) -> str:
    """Recall@1 / @5 of the gold source in %, searching `own` sources only, or all."""
    places = []
    for query, gold in asked:
        hits = rank(assistant.index, query, count=RETRIEVED, sources=own)
        found = list(dict.fromkeys(hit.passage.source_id for hit in hits))
        places.append([*found, gold].index(gold) if gold in found else RETRIEVED)
    return " / ".join(f"{100 * np.mean([place < k for place in places]):.1f}" for k in (1, 5))


def print_gain(settings: Settings, xquad: Path, reading: Path) -> None:
    """Print recall by weight on the even questions, then without and with it on the odd ones."""
    engine = question_embeddings(settings)
    files = read_xquad(xquad)
    tables: dict[tuple[bool, int], dict[str, list[str]]] = {}
    columns = []
    for held in files:
        with opened(settings, held, reading) as assistant:
            ids = [held.source(number) for number in range(len(held.paragraphs))]
            for file in files:
                columns.append(f"{file.language} → {held.language}")
                asked = [
                    (_query(assistant, engine, question, file.language), held.source(gold))
                    for question in bar(file.questions)
                    for gold in [question.paragraph]
                ]
                for own in (True, False):
                    for part, weights in ((0, WEIGHTS), (1, (0.0, SECOND_WEIGHT))):
                        rows = tables.setdefault((own, part), {})
                        for weight in weights:
                            with patch("assistant.retrieval.ranking.SECOND_WEIGHT", weight):
                                cell = recall(assistant, asked[part::2], ids if own else None)
                            rows.setdefault(f"weight {weight}", []).append(cell)
    for (own, part), rows in tables.items():
        among = "XQuAD's own paragraphs" if own else "those of the reading sets beside them"
        title = f"R@1 / R@5 in %, {among}, {('even', 'odd')[part]} questions"
        print_rows(title, columns, rows)


def _query(
    assistant: Assistant, engine: TextEmbeddings, question: XquadQuestion, language: Language
) -> Query:
    vector = engine.embed_query(simplified(question.question))
    return make_query(assistant.index, question.question, language, vector)


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
    return {
        f"{kind}-{language}": second_encoder().embed_as_is(texts).mean(axis=0)
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
