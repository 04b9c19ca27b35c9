"""What embeds passages: the light engine for a few texts, the full one for many, alike."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from assistant.settings import Settings
from ingest.engine import passage_embeddings

from .conftest import ROOT


def test_a_few_texts_are_embedded_without_loading_torch() -> None:
    program = """
import sys
from assistant.settings import Settings
from ingest.engine import passage_embeddings
engine = passage_embeddings(Settings())
vectors = engine.embed_documents(["One.", "Two."])
print(len(vectors), engine.count_tokens("One."), "torch" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["2", "4", "False"]


@pytest.mark.slow
def test_many_texts_get_the_vectors_that_a_few_would(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["The mill has forty desks. Rent is low.", "孵化器为初创企业提供办公场地和导师。"]
    engine = passage_embeddings(Settings())
    few = np.asarray(engine.embed_documents(texts))
    monkeypatch.setattr("ingest.engine.FEW", 1)
    many = np.asarray(engine.embed_documents(texts))
    assert (few * many).sum(axis=1) == pytest.approx(1, abs=1e-3)
