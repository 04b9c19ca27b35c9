"""An index damaged on disk is refused with the command that mends it."""

from __future__ import annotations

import gc
import inspect
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import chromadb
import chromadb.errors
import pytest
from assistant.retrieval.builds import read_current

from assistant.errors import (
    AssistantError,
    IndexDamagedError,
    IndexMismatchError,
    IndexMissingError,
)
from assistant.retrieval.chroma import foreign_errors
from assistant.retrieval.embeddings import model_fingerprint
from assistant.retrieval.index import open_index
from assistant.settings import Settings
from ingest import build_index

from .tiny import answers, edit, opened

Change = Callable[[Path], object]


def current(text: bytes) -> Change:
    return lambda home: (home / "index" / "CURRENT").write_bytes(text)


def in_build(name: str, change: Change) -> Change:
    return lambda home: change(read_current(home) / name)


def halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def lose_a_row(directory: Path) -> None:
    client: Any = chromadb.PersistentClient(path=str(directory / "chroma"))
    with closing(client):
        collection = client.get_collection(f"{directory.name}-sentences", embedding_function=None)
        collection.delete(ids=collection.get(limit=1)["ids"])


CHROMA_ERRORS = [
    kind
    for _, kind in inspect.getmembers(chromadb.errors, inspect.isclass)
    if issubclass(kind, Exception) and not inspect.isabstract(kind)
]
SQLITE = "chroma/chroma.sqlite3"
DAMAGES: dict[str, tuple[Change, type[AssistantError]]] = {
    "no home": (shutil.rmtree, IndexMissingError),
    "no CURRENT": (lambda home: (home / "index" / "CURRENT").unlink(), IndexMissingError),
    "CURRENT leads out": (current(b".."), IndexDamagedError),
    "build gone": (in_build("", shutil.rmtree), IndexDamagedError),
    "build.json cut": (in_build("build.json", halve), IndexDamagedError),
    "build.json of another format": (
        in_build("build.json", lambda path: edit(path, '"format": 1', '"format": 99')),
        IndexMismatchError,
    ),
    "sqlite cut": (in_build(SQLITE, halve), IndexDamagedError),
    "a row gone": (in_build("", lose_a_row), IndexDamagedError),
    "sources.json cut": (in_build("sources.json", halve), IndexDamagedError),
    "means.npz cut": (in_build("means.npz", halve), IndexDamagedError),
    "lexical gone": (in_build("lexical", shutil.rmtree), IndexDamagedError),
}

MENDED = ("no home", "CURRENT leads out", "sqlite cut", "lexical gone")


def use(settings: Settings) -> None:
    with closing(opened(settings)) as index:
        index.check()
        assert index.lexical


def test_a_damaged_index_is_refused_with_the_command_that_mends_it(
    built: Settings, tmp_path: Path
) -> None:
    for name, (damage, kind) in DAMAGES.items():
        # Chroma keeps what it opened by its path: the damage is done to a copy.
        copy = replace(built, home=tmp_path / name)
        shutil.copytree(built.home, copy.home)
        damage(copy.home)
        with pytest.raises(AssistantError) as caught:
            use(copy)
        found_kind, message = type(caught.value), str(caught.value)
        del caught
        gc.collect()
        assert found_kind is kind, name
        assert "Run `python -m ingest" in message
        assert "\n" not in message
        if name in MENDED:
            build_index(copy, force=True)
            assert answers(copy)


def test_an_index_of_another_model_is_refused_and_names_both(built: Settings) -> None:
    with pytest.raises(IndexMismatchError) as caught:
        open_index(built, fingerprint="some/other-model")
    assert model_fingerprint(built) in str(caught.value)
    assert "'some/other-model'" in str(caught.value)
    assert "Run `python -m ingest` to rebuild it." in str(caught.value)


def made(kind: type[Exception]) -> Exception:
    try:
        return kind("it broke\nin two lines")
    except TypeError:
        return kind()


@pytest.mark.parametrize(
    "kind",
    [*CHROMA_ERRORS, sqlite3.DatabaseError, ValueError, KeyError, EOFError],
    ids=lambda k: k.__name__,
)
def test_every_error_of_chroma_becomes_one_sentence(kind: type[Exception]) -> None:
    with pytest.raises(IndexDamagedError) as caught, foreign_errors(Path("/somewhere/index")):
        raise made(kind)
    message = str(caught.value)
    assert len(CHROMA_ERRORS) > 10
    assert "/somewhere/index" in message
    assert "python -m ingest --force" in message
    assert "\n" not in message
