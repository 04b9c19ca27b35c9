"""Sources on their way into the store: read, embedded and stored at the same time, in few parts."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from assistant.errors import ModelError
from assistant.settings import Settings
from ingest import build_index
from ingest.storing import Change

from .tiny import FakeEmbeddings, answers, child, indexed, line_from, write_corpus

NAMES = [f"text-{n:02}" for n in range(12)]


@pytest.fixture
def many(tiny: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Twelve more texts, each a part of its own."""
    monkeypatch.setattr("ingest.build._TOGETHER", 1)
    texts = {name: (f"# {name}\n\nThis is {name}.\n\nAll grew.\n", None) for name in NAMES}
    write_corpus(tiny.corpus, texts)
    return tiny


def use(monkeypatch: pytest.MonkeyPatch, embed: Callable[[FakeEmbeddings], None]) -> None:
    """Let the fake model do something before it embeds the texts of a part."""

    class Engine(FakeEmbeddings):
        def __init__(self, settings: Settings, progress: Callable[[str, float], None]) -> None:
            super().__init__(settings)
            self.progress = progress
            self.stage = ""

        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            if self.stage == "embed":
                embed(self)
            return super().embed_documents(texts)

    monkeypatch.setattr("ingest.build.passage_embeddings", Engine)


def test_few_parts_are_in_memory_and_all_are_stored_in_order(
    many: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []
    stored: list[str] = []
    ahead: list[int] = []
    put = Change.put_source

    def seen(change: Change, source: object, *rest: object) -> None:
        time.sleep(0.02)  # the model is quicker: it must wait
        ahead.append(len(begun) - len(stored))
        stored.append(source.id)  # type: ignore[attr-defined]
        put(change, source, *rest)  # type: ignore[arg-type]

    use(monkeypatch, lambda engine: begun.append(1))
    monkeypatch.setattr(Change, "put_source", seen)
    build_index(many)
    assert stored == NAMES
    assert list(indexed(many)) == NAMES
    assert max(ahead) <= 2
    assert answers(many)


def test_progress_over_several_parts_never_falls_back(
    many: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def embed(engine: FakeEmbeddings) -> None:
        for share in (0.25, 0.5, 1.0):
            engine.progress("embed", share)  # type: ignore[attr-defined]

    told: list[float] = []
    use(monkeypatch, embed)
    build_index(
        many, progress=lambda stage, share: told.append(share) if stage == "embed" else None
    )
    assert told == sorted(told)
    assert told[-1] == 1
    assert len(set(told)) >= 3 * len(NAMES)


def test_an_error_of_the_model_ends_the_build_as_its_sentence(
    many: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_index(many)
    before = indexed(many)
    calls: list[int] = []

    def fail(engine: FakeEmbeddings) -> None:
        calls.append(1)
        if len(calls) == 3:
            raise ModelError("The model failed.")

    use(monkeypatch, fail)
    with pytest.raises(ModelError, match=r"^The model failed\.$"):
        build_index(many, force=True)
    assert len(calls) <= 4  # one more may have begun meanwhile
    assert indexed(many) == before
    assert answers(many)


def test_an_interrupted_build_ends_at_the_next_batch(
    many: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_index(many)
    before = indexed(many)
    batches: list[int] = []

    def slow(engine: FakeEmbeddings) -> None:
        for n in range(100):
            time.sleep(0.02)
            batches.append(n)
            engine.progress("embed", n / 100)  # type: ignore[attr-defined]

    def interrupted(*_: object) -> None:
        batches.clear()
        raise KeyboardInterrupt

    use(monkeypatch, slow)
    monkeypatch.setattr(Change, "put_source", interrupted)
    with pytest.raises(KeyboardInterrupt):
        build_index(many, force=True)
    assert len(batches) <= 2
    assert indexed(many) == before
    assert answers(many)


def test_a_program_that_ends_does_not_wait_for_a_build_in_the_background(many: Settings) -> None:
    body = """
import threading, time
class Slow(FakeEmbeddings):
    stage = ""
    def __init__(self, settings, progress):
        super().__init__(settings)
        self.progress = progress
    def embed_documents(self, texts):
        for n in range(300 if self.stage == "embed" else 0):
            print(n, flush=True)
            time.sleep(0.1)
            self.progress("embed", n / 300)
        return super().embed_documents(texts)
build.passage_embeddings = Slow
threading.Thread(target=build.build_index, args=[settings], daemon=True).start()
sys.stdin.readline()
"""
    process = child(body, many.corpus.parent)
    line_from(process)
    began = time.monotonic()
    process.communicate("\n", timeout=60)
    assert time.monotonic() - began < 10
