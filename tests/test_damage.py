"""A store or vectors damaged on disk: told in one sentence, made anew where that can be."""

from __future__ import annotations

import inspect
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import chromadb.errors
import pytest

from assistant.errors import (
    AssistantError,
    IndexBuildError,
    IndexDamagedError,
    IndexMismatchError,
    IndexMissingError,
)
from assistant.retrieval.chroma import Vectors, foreign_errors
from assistant.retrieval.embeddings import model_fingerprint
from assistant.retrieval.index import open_index
from assistant.retrieval.store import store_errors, store_path
from assistant.settings import Settings
from ingest import add_file, build_index, examine

from .tiny import FakeEmbeddings, answers, found, opened

Change = Callable[[Settings], object]


def halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def run(sql: str) -> Change:
    def change(settings: Settings) -> None:
        with closing(sqlite3.connect(store_path(settings.home))) as connection:
            connection.executescript(sql)

    return change


CHROMA_ERRORS = [
    kind
    for _, kind in inspect.getmembers(chromadb.errors, inspect.isclass)
    if issubclass(kind, Exception) and not inspect.isabstract(kind)
]
# What happens to the store, what is raised, and what its message says.
DAMAGES: dict[str, tuple[Change, type[AssistantError], str]] = {
    "no home": (lambda s: shutil.rmtree(s.home), IndexMissingError, "Run `python -m ingest`"),
    "cut": (lambda s: halve(store_path(s.home)), IndexDamagedError, "Move it to another place"),
    "no database": (
        lambda s: store_path(s.home).write_text("no database " * 99),
        IndexDamagedError,
        "Move it to another place",
    ),
    "another program's": (
        run("PRAGMA application_id = 7"),
        IndexDamagedError,
        "of another program",
    ),
    "newer": (run("PRAGMA user_version = 99"), IndexMismatchError, "A newer version"),
}


def use(settings: Settings) -> None:
    with closing(opened(settings)) as index:
        index.check()


def test_a_damaged_store_is_told_in_a_sentence_and_left_as_it_is(
    built: Settings, tmp_path: Path
) -> None:
    for name, (damage, kind, said) in DAMAGES.items():
        copy = replace(built, home=tmp_path / name)
        shutil.copytree(built.home, copy.home)
        damage(copy)
        before = store_path(copy.home).read_bytes() if store_path(copy.home).exists() else b""
        with pytest.raises(AssistantError) as caught:
            use(copy)
        assert type(caught.value) is kind, name
        assert said in str(caught.value), name
        assert "\n" not in str(caught.value)
        if before:
            with pytest.raises(IndexBuildError, match="The build stopped"):
                build_index(copy)
            assert store_path(copy.home).read_bytes() == before, name


@pytest.mark.parametrize(
    ("said", "helps"),
    [
        ("locking protocol", "set ASSISTANT_HOME to a folder on a local disk"),
        ("database is locked", "Close that program"),
        ("attempt to write a readonly database", "Mend the permissions of its folder"),
        ("database or disk is full", "Make room on it"),
    ],
)
def test_what_sqlite_says_of_a_drive_becomes_a_sentence(said: str, helps: str) -> None:
    with pytest.raises(IndexDamagedError, match=helps) as caught, store_errors(Path("a.sqlite3")):
        raise sqlite3.OperationalError(said)
    assert "a.sqlite3" in str(caught.value)


def test_what_chroma_says_of_a_folder_that_cannot_be_written_becomes_a_sentence() -> None:
    said = "error returned from database: (code: 8) attempt to write a readonly database"
    with pytest.raises(IndexDamagedError, match="cannot be written to"), foreign_errors(Path("c")):
        raise RuntimeError(said)


VECTORS: dict[str, Change] = {
    "gone": lambda s: shutil.rmtree(s.home / "chroma"),
    "sqlite cut": lambda s: halve(s.home / "chroma" / "chroma.sqlite3"),
    "emptied": lambda s: (s.home / "chroma" / "chroma.sqlite3").write_bytes(b""),
    "one lost": lambda s: Vectors(s).delete(opened(s).info.collection, [1]),
}


@pytest.mark.parametrize("name", VECTORS)
def test_lost_vectors_are_made_anew_from_the_store(
    built: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    add_file(built, b"The mill is old.\n", "mill.txt")
    build_index(built)
    Vectors(built).close()
    copy = replace(built, home=tmp_path / "copy")
    shutil.copytree(built.home, copy.home)
    VECTORS[name](copy)
    Vectors(copy).close()
    with pytest.raises(IndexDamagedError, match="to make them anew from the store"):
        use(copy)

    def none(*_: object) -> None:
        raise AssertionError("nothing needs to be embedded")

    monkeypatch.setattr(FakeEmbeddings, "embed_documents", none)
    monkeypatch.setattr("ingest.doctor.bundled_embeddings", lambda _: None)
    if name == "gone":
        findings = [f for f in examine(copy) if f.check == "index"]
        assert [f.status for f in findings] == ["warn", "ok"]
        assert "made anew" in findings[0].remedy
    else:
        build_index(copy)
    assert answers(copy)
    with closing(opened(copy)) as index:
        assert found(index, "The mill is old.") == "The mill is old."


def test_a_vector_that_a_killed_process_left_goes_and_nothing_else_does(built: Settings) -> None:
    with closing(opened(built)) as index:
        info, vector = index.info, next(index.store.all_vectors())[0][3]
    Vectors(built).add(info.collection, [(9_999, "gone", "en", vector)])
    assert answers(built)
    add_file(built, b"The mill is old.\n", "mill.txt")
    after = build_index(built)
    # Not all of them are made anew for one too many: the collection is the same.
    assert after.collection == info.collection
    assert Vectors(built).count(info.collection) == after.surfaces == info.surfaces + 1


def test_a_folder_that_cannot_be_written_still_answers(built: Settings) -> None:
    Vectors(built).close()
    for path in (built.home, store_path(built.home)):
        path.chmod(path.stat().st_mode & ~0o222)
    try:
        with closing(opened(built)) as index:
            assert list(index.records) == ["firms", "alone"]
    finally:
        for path in (built.home, store_path(built.home)):
            path.chmod(path.stat().st_mode | 0o200)


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
    assert "python -m ingest" in message
    assert "\n" not in message
