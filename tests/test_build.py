"""Building: nothing or everything changes, and what is in service always answers."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from assistant.embeddings import model_fingerprint
from assistant.settings import Settings
from ingest import build_index

from .test_corpus import CHINESE, ENGLISH, write_corpus


class FakeEmbeddings:
    """Unit vectors that hang on the words alone, where the model is beside the point."""

    def __init__(self, settings: Settings, progress: object = None) -> None:
        self.fingerprint = model_fingerprint(settings)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        bits = np.frombuffer(hashlib.sha256(text.encode()).digest(), dtype=np.uint8)
        vector = bits.astype(np.float32) - 127.5
        result: list[float] = (vector / np.linalg.norm(vector)).tolist()
        return result

    def count_tokens(self, text: str) -> int:
        return len(text)
