"""BM25 over the surfaces of one language."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..types import Language
from .language import terms

Scores = npt.NDArray[np.float32]


class LexicalIndex:
    """bm25s over named texts of one language; scores come as a vector beside `ids`."""

    def __init__(self, language: Language, ids: Sequence[str], engine: Any) -> None:
        """Wrap a filled engine; use `build` or `open`."""
        self.language = language
        self.ids = tuple(ids)
        self._engine = engine

    @classmethod
    def build(cls, texts: Mapping[str, str], language: Language) -> LexicalIndex:
        """An index over the texts, named by their keys."""
        import bm25s

        tokens = [terms(text, language) for text in texts.values()]
        if not any(tokens):
            return cls(language, (), None)
        engine = bm25s.BM25()
        engine.index(tokens, show_progress=False)
        return cls(language, tuple(texts), engine)

    @classmethod
    def open(cls, directory: Path, language: Language) -> LexicalIndex:
        """The index that `save` wrote."""
        import bm25s

        folder = directory / language
        ids = json.loads((folder / "ids.json").read_text(encoding="utf-8"))
        return cls(language, ids, bm25s.BM25.load(folder, load_vocab=True) if ids else None)

    def save(self, directory: Path) -> None:
        """Write the index below `directory`."""
        folder = directory / self.language
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "ids.json").write_text(json.dumps(self.ids), encoding="utf-8")
        if self._engine is not None:
            self._engine.save(folder, show_progress=False)

    def scores(self, question: str) -> Scores:
        """The BM25 score of every text, 0 where nothing is shared, shape (len(ids),)."""
        words = [w for w in terms(question, self.language) if self.knows(w)]
        if self._engine is None or not words:
            return np.zeros(len(self.ids), dtype=np.float32)
        scores: Scores = self._engine.get_scores(words)
        return scores

    def matches(self, question: str) -> dict[str, float]:
        """The texts that share a term, by id: BM25 in its standard deviations over all texts.

        Counted from 0, the score of a text that shares nothing, not from the mean: what is left
        out then has the 0 that it is taken for.
        """
        scores = self.scores(question)
        found = np.flatnonzero(scores)
        if not len(found):
            return {}
        spread = float(scores.std()) or 1.0
        return {self.ids[i]: float(scores[i]) / spread for i in found}

    def knows(self, term: str) -> bool:
        """Whether any text holds the term."""
        return self._engine is not None and term in self._engine.vocab_dict
