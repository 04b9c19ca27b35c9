"""Embeddings behind LangChain's interface: the bundled model, and every other.

`OnnxEmbeddings` starts in half a second without torch; `SentenceTransformerEmbeddings` is the way
in for a model of one's own. Of the bundled model both give the same unit-length vectors (a test
holds them to a cosine of 0.999).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from langchain_core.embeddings import Embeddings

from ..errors import ModelError
from ..settings import Settings
from . import bundled_model
from .bundled_folder import LOWER_PATH, UPPER_PATH
from .bundled_graph import INPUT, MASK, STATES
from .quick_tokenizer import QuickTokenizer

if TYPE_CHECKING:
    from .store import Vector

Progress = bundled_model.Progress


class TextEmbeddings(Protocol):
    """What ingest and retrieval ask of an engine."""

    fingerprint: str

    def embed_documents(self, texts: list[str]) -> Sequence[Sequence[float] | Vector]:
        """Unit-length vectors of passages, shape (len(texts), dimension), in the given order."""

    def embed_query(self, text: str) -> list[float]:
        """The unit-length vector of a question, shape (dimension,)."""

    def embed_queries(self, texts: list[str]) -> list[list[float]]:
        """The same of several short ones at once, in the given order."""

    def count_tokens(self, text: str) -> int:
        """How many tokens the model sees, special tokens included."""


class OnnxEmbeddings(Embeddings):
    """The bundled model through ONNX Runtime, without torch. Safe to use from many threads."""

    def __init__(self, folder: Path, *, threads: int = 0) -> None:
        """Load tokenizer and graph from a folder that `bundled_model.materialise` made.

        threads: how many work on one text; 0 stands for all cores.
        """
        try:
            self._tokenizer = QuickTokenizer(folder)
            self._lower = onnx_session(folder / LOWER_PATH, threads)
            self._upper = onnx_session(folder / UPPER_PATH, threads)
        except Exception as error:  # onnxruntime and tokenizers raise bare Exception subclasses
            raise ModelError(
                f"The embedding model in {folder} cannot be loaded ({error}). "
                f"Delete that folder; the next run makes it anew."
            ) from error
        self.fingerprint = bundled_model.fingerprint()

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Unit-length vectors, shape (len(texts), 384), in the given order."""
        return [self._embed([f"passage: {text}"])[0] for text in texts]

    def embed_query(self, text: str) -> list[float]:
        """The unit-length vector of a question, shape (384,)."""
        return self.embed_queries([text])[0]

    def embed_queries(self, texts: list[str]) -> list[list[float]]:
        """The vectors of several in one batch: two take as long as one and a half."""
        return self._embed([f"query: {text}" for text in texts])

    def count_tokens(self, text: str) -> int:
        """How many tokens the model sees, special tokens included; not cut at 512."""
        return len(self._tokenizer.ids(text))

    def _embed(self, texts: Sequence[str]) -> list[list[float]]:
        result: list[list[float]] = self.embed_ids([*map(self.cut_ids, texts)]).tolist()
        return result

    def cut_ids(self, text: str) -> list[int]:
        """A text's token ids as the model reads them, cut at 512."""
        return self._tokenizer.cut_ids(text)

    def embed_ids(self, rows: Sequence[Sequence[int]]) -> Vector:
        """The unit-length vectors of token ids, made in one batch: shape (len(rows), 384).

        Raises ModelError when the runtime fails.
        """
        import numpy as np

        ids = np.ones((len(rows), max(map(len, rows))), dtype=np.int64)  # 1 is XLM-R's <pad>
        mask = np.zeros_like(ids)
        for place, row in enumerate(rows):
            ids[place, : len(row)], mask[place, : len(row)] = row, 1
        try:
            (states,) = self._lower.run(None, {INPUT: ids, MASK: mask})
            vectors: Vector = self._upper.run(None, {STATES: states, MASK: mask})[0]
        except Exception as error:  # onnxruntime raises bare Exception subclasses
            raise ModelError(
                f"The embedding model failed ({_first_line(error)}). If memory is short, close "
                "other programs and try again."
            ) from error
        return vectors

    def pieces(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """Token ids without special ones, and the characters that each stands for."""
        return self._tokenizer.pieces(text)

    def lower_states(self, ids: Sequence[int]) -> Any:
        """Each token's state after the lower layers, float32 of shape (1, len(ids), 384)."""
        import numpy as np

        row = np.array([ids], dtype=np.int64)
        (states,) = self._lower.run(None, {INPUT: row, MASK: np.ones_like(row)})
        return states


def onnx_session(model: Path | bytes, threads: int = 0) -> Any:
    """A session for a graph of ours, quick on short inputs and kind to other processes.

    threads: how many work on one run; 0 stands for all cores.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    options.intra_op_num_threads = threads
    # Spinning threads halve the speed as soon as another process wants the cores.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    graph = str(model) if isinstance(model, Path) else model
    return onnxruntime.InferenceSession(
        graph,
        options,
        providers=["CPUExecutionProvider"],
        # The one node that it makes of two takes five times as long as they do: 9 % of all.
        disabled_optimizers=["SkipLayerNormFusion"],
    )


_BATCH_TEXTS = 32  # sentence-transformers' own default
# Texts that are sorted by length together. Were all of 10,000, batches would grow to the end, each
# in memory of its own: 3.9 GB instead of 3.0, and slower by a fifth.
_SORTED_TEXTS = 1_024


class SentenceTransformerEmbeddings(Embeddings):
    """Any sentence-transformers model, with the prompts it brings for queries and documents."""

    def __init__(self, name: str, fingerprint: str, *, progress: Progress | None = None) -> None:
        """Load the model `name` (a folder or a hub name).

        Raises ModelError when it cannot be had.
        """
        # Spinning worker threads stall torch by up to a second when another process is busy.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        import logging

        import torch
        import transformers
        from sentence_transformers import SentenceTransformer

        # transformers warns of a "mistral regex" that XLM-R folders do not have.
        logging.getLogger("transformers").setLevel(logging.ERROR)
        # Its own bar would break ours; and it ships no types.
        transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        bfloat16 = torch.cpu._is_amx_tile_supported()
        kwargs: dict[str, Any] = {"dtype": torch.bfloat16} if bfloat16 else {}
        try:
            self._model = SentenceTransformer(name, device="cpu", model_kwargs=kwargs)
        except Exception as error:  # the hub, torch and transformers each raise their own
            raise ModelError(
                f"The embedding model {name!r} cannot be loaded ({_first_line(error)}). Check the "
                "name and the network, or unset ASSISTANT_EMBEDDING_MODEL for the bundled one."
            ) from error
        self.fingerprint = fingerprint
        self._progress = progress
        self.stage = "embed"  # what progress reports call the present work

    @property
    def model(self) -> Any:
        """The SentenceTransformer itself (for benchmarks)."""
        return self._model

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Unit-length vectors, shape (len(texts), dimension), in the given order.

        Works in batches of texts alike in length and reports progress after each.
        """
        import numpy as np

        order = [
            i
            for some in _parts(range(len(texts)), _SORTED_TEXTS)
            for i in sorted(some, key=lambda i: len(texts[i]))
        ]
        vectors: list[list[float]] = [[] for _ in texts]
        done = 0
        for rows in _parts(order, _BATCH_TEXTS):
            encoded = self._model.encode_document(
                [texts[i] for i in rows], convert_to_tensor=True, show_progress_bar=False
            )
            # bfloat16 norms are off in the third digit: normalise again in float32.
            batch = encoded.float().cpu().numpy()
            batch /= np.linalg.norm(batch, axis=1, keepdims=True)
            for i, vector in zip(rows, batch.tolist(), strict=True):
                vectors[i] = vector
            if self._progress:
                done += len(rows)
                self._progress(self.stage, done / len(texts))
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """The unit-length vector of a question, shape (dimension,)."""
        import numpy as np

        vector = self._model.encode_query(text, convert_to_tensor=True, show_progress_bar=False)
        array = vector.float().cpu().numpy()
        result: list[float] = (array / np.linalg.norm(array)).tolist()
        return result

    def embed_queries(self, texts: list[str]) -> list[list[float]]:
        """The vectors of several, one after the other."""
        return [self.embed_query(text) for text in texts]

    def count_tokens(self, text: str) -> int:
        """How many tokens the model sees, special tokens included; not cut."""
        return len(self._model.tokenizer(text, truncation=False, verbose=False)["input_ids"])


def _parts(numbers: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    return (numbers[start : start + size] for start in range(0, len(numbers), size))


def model_fingerprint(settings: Settings) -> str:
    """The name that an index keeps of its model, known without loading it."""
    if settings.embedding_model == "bundled":
        return bundled_model.fingerprint()
    folder = Path(settings.embedding_model).expanduser()
    if not folder.is_dir():
        return settings.embedding_model
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            digest.update(f"{file.relative_to(folder)}:{file.stat().st_size}\n".encode())
    return f"{folder.name}-{digest.hexdigest()[:12]}"


def question_embeddings(
    settings: Settings, *, progress: Progress | None = None
) -> OnnxEmbeddings | SentenceTransformerEmbeddings:
    """The engine that answers soonest from a cold start."""
    if settings.embedding_model == "bundled":
        return bundled_embeddings(settings, progress=progress)
    return own_embeddings(settings, progress=progress)


def bundled_embeddings(settings: Settings, *, progress: Progress | None = None) -> OnnxEmbeddings:
    """The model that ships with the install, unpacked first if need be."""
    return OnnxEmbeddings(bundled_model.materialise(settings.cache, progress=progress))


def own_embeddings(
    settings: Settings, *, progress: Progress | None = None
) -> SentenceTransformerEmbeddings:
    """The model of one's own that the settings name."""
    fingerprint = model_fingerprint(settings)
    return SentenceTransformerEmbeddings(settings.embedding_model, fingerprint, progress=progress)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
