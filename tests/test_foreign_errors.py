"""Whatever the libraries raise while an index is read, the user gets one sentence of ours."""

from __future__ import annotations

import inspect
import sqlite3
from pathlib import Path

import chromadb.errors
import pytest

from assistant.chroma import foreign_errors
from assistant.errors import AssistantError, IndexDamagedError, IndexMissingError

CHROMA = [
    kind
    for _, kind in inspect.getmembers(chromadb.errors, inspect.isclass)
    if issubclass(kind, Exception) and not inspect.isabstract(kind)
]


def made(kind: type[Exception]) -> Exception:
    try:
        return kind("it broke\nin two lines")
    except TypeError:
        return kind()


@pytest.mark.parametrize(
    "kind",
    [*CHROMA, sqlite3.DatabaseError, ValueError, KeyError, EOFError],
    ids=lambda k: k.__name__,
)
def test_every_error_of_chroma_becomes_one_sentence(kind: type[Exception]) -> None:
    with pytest.raises(IndexDamagedError) as caught, foreign_errors(Path("/somewhere/index")):
        raise made(kind)
    message = str(caught.value)
    assert "/somewhere/index" in message
    assert "python -m ingest --force" in message
    assert "\n" not in message


def test_there_are_errors_of_chroma_to_walk() -> None:
    assert len(CHROMA) > 10


def test_our_own_errors_and_the_system_s_pass_unchanged() -> None:
    for error in (IndexMissingError("none yet"), PermissionError(13, "denied")):
        with pytest.raises(type(error)) as caught, foreign_errors(Path("/somewhere")):
            raise error
        assert caught.value is error


def test_every_error_of_ours_has_one_root() -> None:
    import assistant.errors as errors

    ours = [kind for name in errors.__all__ if isinstance(kind := getattr(errors, name), type)]
    assert len(ours) > 5
    assert all(issubclass(kind, AssistantError) for kind in ours)
