"""What embeds passages: batches on every core, in order, without torch."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from assistant.errors import ModelError
from assistant.retrieval.embeddings import OnnxEmbeddings, bundled_embeddings
from assistant.settings import Settings
from ingest.engine import PassageEmbeddings, ahead, passage_embeddings

from .conftest import ROOT

# Many more than a batch holds, of many lengths, in no order; some with letters of other scripts.
TEXTS = [
    f"{word} {n}. " + "The mill has forty desks and rent is low. 孵化器提供办公场地。" * (n % 7)
    for n in range(20)
    for word in ("Mill", "众创空间", "Αθήνα", "")
]


@pytest.fixture(scope="module")
def engine() -> PassageEmbeddings:
    engine = passage_embeddings(Settings())
    assert isinstance(engine, PassageEmbeddings)
    return engine


def test_texts_are_embedded_without_loading_torch() -> None:
    program = """
import sys
from assistant.settings import Settings
from ingest.engine import passage_embeddings
engine = passage_embeddings(Settings())
vectors = engine.embed_documents(["One.", "Two."] * 150)
print(len(vectors), engine.count_tokens("One."), "torch" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["300", "4", "False"]


def test_each_text_gets_the_vector_that_it_gets_alone(engine: PassageEmbeddings) -> None:
    together = np.asarray(engine.embed_documents(TEXTS))
    alone = np.asarray(bundled_embeddings(Settings()).embed_documents(TEXTS))
    assert (together * alone).sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert engine.embed_documents([]) == []


def test_progress_never_falls_back_and_comes_to_its_end() -> None:
    told: list[tuple[str, float]] = []
    engine = passage_embeddings(Settings(), progress=lambda *note: told.append(note))
    engine.embed_documents(TEXTS)
    shares = [share for _, share in told]
    assert {stage for stage, _ in told} == {"embed"}
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert len(shares) > 5


def test_what_a_run_takes_is_bounded_whatever_the_texts(
    engine: PassageEmbeddings, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes, running, most, turn = [], 0, 0, threading.Lock()
    embed_ids = OnnxEmbeddings.embed_ids

    def seen(model: OnnxEmbeddings, rows: list[list[int]]) -> object:
        nonlocal running, most
        with turn:
            sizes.append(len(rows) * max(map(len, rows)))
            running += 1
            most = max(most, running)
        try:
            return embed_ids(model, rows)
        finally:
            with turn:
                running -= 1

    monkeypatch.setattr(OnnxEmbeddings, "embed_ids", seen)
    monkeypatch.setattr("joblib.cpu_count", lambda: 2)
    engine.embed_documents([*TEXTS, "One long text. " * 5_000])
    assert max(sizes) <= 512
    assert most <= 2


def test_an_engine_that_fails_says_so_in_a_sentence(
    engine: PassageEmbeddings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # More positions than the model has.
    monkeypatch.setattr(engine._model, "cut_ids", lambda _: [5] * 600)
    with pytest.raises(ModelError, match=r"^The embedding model failed \(.*\)\. If memory is "):
        engine.embed_documents(["One."])


# Working ahead


def test_results_come_in_order_and_no_more_is_begun_than_asked_for() -> None:
    begun: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        return item * item

    with ThreadPoolExecutor(4) as pool:
        results = ahead(pool, work, range(100), count=3)
        for n in range(10):
            assert next(results) == n * n
        assert max(begun) <= 9 + 3
        results.close()
    assert max(begun) <= 9 + 3


def test_an_error_in_another_thread_is_raised_where_the_results_are_used() -> None:
    begun: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        if item == 2:
            raise ModelError("no")
        return item

    def all_of_it() -> list[int]:
        with ThreadPoolExecutor(1) as pool:
            return list(ahead(pool, work, range(100), count=2))

    with pytest.raises(ModelError, match="no"):
        all_of_it()
    assert max(begun) <= 4
