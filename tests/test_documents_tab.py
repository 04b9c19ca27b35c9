"""The Documents tab: users add and remove documents while others go on asking."""

from __future__ import annotations

import errno
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from assistant import Answer, Settings, open_assistant
from assistant.web.documents import (
    DocumentRow,
    Outcome,
    add_documents,
    document_rows,
    remove_documents,
)
from assistant.web.hosting import AssistantHost
from ingest import build_index, library_entries, pending_changes

from .tiny import CHINESE, ENGLISH, tiny_settings, write_corpus

LIGHTHOUSE = """# The lighthouse of Cape Verity

The lighthouse of Cape Verity was built in 1871 by the engineer Amelia Thornquist. Its lamp can
be seen from 34 kilometres away, and it was the first on that coast to burn paraffin.

Since 1998 the tower has been a museum of navigation. About 12,000 people visit it every year.
"""
WHO_BUILT = "Who built the lighthouse of Cape Verity?"


@pytest.fixture(scope="module")
def two_texts(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings whose index over two small texts is built with the real model."""
    settings = replace(tiny_settings(tmp_path_factory.mktemp("two")), cache=Settings().cache)
    write_corpus(settings.corpus, {"firms": (ENGLISH, CHINESE), "alone": ("One.\n", None)})
    build_index(settings)
    return settings


@pytest.fixture
def small(two_texts: Settings, tmp_path: Path) -> Iterator[AssistantHost]:
    """A host over the two texts, in a home of its own."""
    settings = replace(two_texts, home=tmp_path / "home")
    shutil.copytree(two_texts.home, settings.home)
    with closing(AssistantHost(settings, open_assistant(settings))) as host:
        yield host


def files(folder: Path, texts: Mapping[str, str | bytes]) -> list[tuple[str, str | Path]]:
    """Files as an upload brings them: the user's name, and where the bytes lie."""
    given: list[tuple[str, str | Path]] = []
    for number, (name, text) in enumerate(texts.items()):
        path = folder / f"upload-{number}"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        given.append((name, path))
    return given


def ask(host: AssistantHost, question: str) -> Answer:
    with host.use() as assistant:
        return assistant.ask(question)


def rows(host: AssistantHost) -> dict[str, DocumentRow]:
    with host.use() as assistant:
        return {row.id: row for row in document_rows(assistant)}


def cited(answer: Answer) -> set[str]:
    return {citation.source.id for citation in answer.citations}


def test_an_answer_ends_on_what_it_began_with_and_the_next_sees_the_change(
    small: AssistantHost, tmp_path: Path
) -> None:
    with small.use() as mine:
        (kept,) = add_documents(small, files(tmp_path, {"verity.md": LIGHTHOUSE}))
        assert cited(mine.ask(WHO_BUILT)) == {kept.id}
        stream = mine.stream(WHO_BUILT)
        first = next(stream)
        remove_documents(small, [kept.id])
        last = [first, *stream][-1]
        assert last.answer is not None
        assert cited(last.answer) == {kept.id}
        assert "Thornquist" in last.answer.text
        assert not mine.is_stale
        assert cited(mine.ask(WHO_BUILT)) == set()
    assert kept.id not in rows(small)


def test_two_people_who_add_at_once_wait_for_each_other(
    small: AssistantHost, tmp_path: Path
) -> None:
    told: dict[str, list[Outcome]] = {}

    def add(name: str, text: str) -> None:
        folder = tmp_path / name
        folder.mkdir()
        told[name] = add_documents(small, files(folder, {f"{name}.txt": text}))

    people = [
        threading.Thread(target=add, args=(name, text))
        for name, text in (("ann", "Rain falls."), ("bob", "Snow melts."), ("li", "下雨了。"))
    ]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert all(outcome.ok for outcomes in told.values() for outcome in outcomes)
    assert len(rows(small)) == 5
    assert not pending_changes(small.settings)
    with small.use() as assistant:
        assert not assistant.is_stale


def test_a_rebuild_that_fails_leaves_everything_as_it_was(
    small: AssistantHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (kept,) = add_documents(small, files(tmp_path, {"verity.md": LIGHTHOUSE}))
    before = library_entries(small.settings)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("assistant.retrieval.chroma.Vectors.add", full)
    monkeypatch.setattr("assistant.retrieval.chroma.Vectors.count", full)
    added = add_documents(small, files(tmp_path, {"a.txt": "Rain falls.", "b.pdf": "x"}))
    removed = remove_documents(small, [kept.id], language="zh")
    assert added[0].sentence.startswith(
        "a.txt: nothing was changed, because the index could not be rebuilt. "
        "The build stopped: the disk is full."
    )
    assert added[1].sentence.startswith("b.pdf was not added: ")
    assert removed[0].sentence.startswith("The lighthouse of Cape Verity：未作任何更改")
    assert not any(outcome.ok or outcome.changed for outcome in (*added, *removed))
    assert library_entries(small.settings) == before
    assert not pending_changes(small.settings)
    assert cited(ask(small, WHO_BUILT)) == {kept.id}
