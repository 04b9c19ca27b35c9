"""Files are read in a process of their own: none of them can take this one down."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.settings import Settings
from ingest import DocumentError
from ingest.formats.document import Document
from ingest.reading_apart import FileReader

from .conftest import ROOT

# What Python runs before anything else in the child: a reader that does what its file says.
HOSTILE = """
import os, sys, time
if sys.orig_argv[1:3] == ['-m', 'ingest.formats']:
    from ingest.formats import reading
    from ingest.formats.document import Document
    def act(data, name, options):
        print('libraries print')
        return eval(data.decode())
    reading.read_document = act
"""
Reader = Callable[..., FileReader]


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reader:
    """A reader whose child evaluates the file, with these limits."""
    (tmp_path / "sitecustomize.py").write_text(HOSTILE)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(ROOT)]))
    return lambda **limits: FileReader(replace(Settings(), **limits))


def told(reader: FileReader, words: str) -> str:
    """What the child makes of a file that holds a Python expression."""
    return reader.read(f"Document(str({words}), 'md')".encode(), "a.md").text


def test_a_file_that_takes_its_reader_down_fails_alone(hostile: Reader) -> None:
    with hostile(read_mb=1_000, read_seconds=60.0) as reader:
        for file, reason in (
            ("[0] * 10**9", "memory"),
            ("bytes(10**12)", "memory"),
            ("1 / 0", "damaged"),
            ("(f := lambda: f())()", "damaged"),
            ("os.abort()", "crashed"),
            ("sys.exit('done')", "crashed"),
            ("print('{\"document\": {}}', file=sys.__stdout__) or os.abort()", "crashed"),
        ):
            with pytest.raises(DocumentError, match=r"^bad\.md was not added: ") as caught:
                reader.read(file.encode(), "bad.md")
            assert caught.value.reason == reason, file
            assert reader.read(b"Document('Read.', 'md')", "after.md") == Document("Read.", "md")


def test_a_file_that_takes_too_long_is_stopped(hostile: Reader) -> None:
    began = time.monotonic()
    with hostile(read_seconds=2.0) as reader, pytest.raises(DocumentError) as caught:
        reader.read(b"time.sleep(600)", "slow.md")
    assert caught.value.reason == "time"
    assert "ASSISTANT_READ_SECONDS" in caught.value.said("zh")
    assert time.monotonic() - began < 30


def test_no_secret_reaches_the_process_and_it_ends_with_its_reader(
    hostile: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = ("ASSISTANT_PASSWORD", "OPENAI_API_KEY", "HTTPS_PROXY")
    for name in secrets:
        monkeypatch.setenv(name, "secret")
    with hostile() as reader:
        seen = told(reader, "' '.join(os.environ)").split()
        pid = int(told(reader, "os.getpid()"))
        os.kill(pid, 0)
    assert "PATH" in seen
    assert not set(secrets) & set(seen)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_process_is_replaced_before_it_has_read_too_much(hostile: Reader) -> None:
    with hostile() as reader:
        assert len({told(reader, "os.getpid()") for _ in range(30)}) == 2
