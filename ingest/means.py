"""The mean vector of each language, which retrieval subtracts: texts are then compared by topic.

The means belong to the model, not to the corpus: a small corpus's mean is its topic. They are
taken once a model from general parallel text that ships with the project.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from importlib import resources
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from assistant.retrieval.embeddings import TextEmbeddings
from assistant.retrieval.store import Vector
from assistant.types import LANGUAGES


def means_id(fingerprint: str) -> str:
    """The name of a model's means: changes with the model and with the general text."""
    digest = hashlib.sha256(fingerprint.encode() + _general_text().encode()).hexdigest()
    return digest[:16]


def language_means(embeddings: TextEmbeddings, cache: Path) -> dict[str, Vector]:
    """Mean vectors of shape (dimension,) under the names passage-en, passage-zh, query-en, ….

    Read from `cache` when this model's are there, else computed in some seconds and kept.
    """
    path = cache / f"means-{means_id(embeddings.fingerprint)}.npz"
    if path.is_file():
        # What cannot be read, for whatever reason, is computed again.
        with suppress(OSError, ValueError, EOFError, BadZipFile), path.open("rb") as file:
            stored = np.load(file)
            return {name: stored[name] for name in stored.files}
    means = _compute(embeddings)
    part = path.with_name(f"{path.name}.{os.getpid()}.part.npz")
    # A cache that cannot be written costs some seconds at each build, and nothing else.
    with suppress(OSError):
        cache.mkdir(parents=True, exist_ok=True)
        try:
            save_means(part, means)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    return means


def save_means(path: Path, means: dict[str, Vector]) -> None:
    """Write means as an .npz file."""
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **means)


def _compute(embeddings: TextEmbeddings) -> dict[str, Vector]:
    rows = [line.split("\t") for line in _general_text().splitlines()[1:]]
    texts = [row[1:] for row in rows if row[0] != "question"]
    questions = [row[1:] for row in rows if row[0] == "question"]
    # All in one call, so that the progress that it reports never falls back.
    passages = np.asarray(embeddings.embed_documents([text for row in texts for text in row]))
    means: dict[str, Vector] = {}
    for column, language in enumerate(LANGUAGES):
        queries = np.asarray(embeddings.embed_queries([row[column] for row in questions]))
        means[f"passage-{language}"] = _mean(passages[column :: len(LANGUAGES)])
        means[f"query-{language}"] = _mean(queries)
    return means


def _mean(vectors: Vector) -> Vector:
    mean: Vector = vectors.astype(np.float32).mean(axis=0)
    return mean


def _general_text() -> str:
    file = resources.files("assistant") / "data" / "general_pairs.tsv"
    return file.read_text(encoding="utf-8")
