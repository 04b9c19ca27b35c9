"""Files are read in a process of their own: none of them can take this one down."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.settings import Settings
from ingest.formats.document import Document
from ingest.reading_apart import FileReader
from ingest.refusing import DocumentError

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
FINE = b"Document('Read.', 'md')"


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., FileReader]:
    """A reader whose child evaluates the file, with these limits."""
    (tmp_path / "sitecustomize.py").write_text(HOSTILE)
    root = Path(__file__).resolve().parent.parent
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(root)]))
    return lambda **limits: FileReader(replace(Settings(), **limits))


def test_what_libraries_print_comes_not_between_the_answers(
    hostile: Callable[..., FileReader],
) -> None:
    with hostile() as reader:
        for _ in range(2):
            assert reader.read(FINE, "a.md") == Document("Read.", "md")


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("time.sleep(60)", "time"),
        ("[0] * 10**9", "memory"),
        ("bytes(10**12)", "memory"),
        ("os.abort()", "crashed"),
        ("os._exit(0)", "crashed"),
        ("sys.exit('done')", "crashed"),
        ("1 / 0", "damaged"),
        ("(f := lambda: f())()", "damaged"),
        ("print('{\"document\": {}}', file=sys.__stdout__) or os.abort()", "crashed"),
    ],
)
def test_a_file_that_takes_its_reader_down_fails_alone(
    hostile: Callable[..., FileReader], file: str, reason: str
) -> None:
    with hostile(read_seconds=3.0, read_mb=1_000) as reader:
        reader.read(FINE, "before.md")
        began = time.monotonic()
        with pytest.raises(DocumentError, match=r"^bad\.md was not added: ") as caught:
            reader.read(file.encode(), "bad.md")
        assert caught.value.reason == reason
        assert time.monotonic() - began < 10
        assert "bad.md" in caught.value.said("zh")
        assert reader.read(FINE, "after.md").text == "Read."


def test_no_secret_reaches_the_process(
    hostile: Callable[..., FileReader], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSISTANT_PASSWORD", "open sesame")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    monkeypatch.setenv("HTTPS_PROXY", "http://someone:secret@proxy")
    with hostile() as reader:
        seen = reader.read(b"Document(' '.join(sorted(os.environ)), 'md')", "a.md").text
    assert "PATH" in seen
    assert not {"ASSISTANT_PASSWORD", "OPENAI_API_KEY", "HTTPS_PROXY"} & set(seen.split())


def test_the_process_ends_with_its_reader(hostile: Callable[..., FileReader]) -> None:
    with hostile() as reader:
        pid = int(reader.read(b"Document(str(os.getpid()), 'md')", "a.md").text)
        os.kill(pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_process_is_replaced_before_it_has_read_too_much(
    hostile: Callable[..., FileReader],
) -> None:
    with hostile() as reader:
        pids = {reader.read(b"Document(str(os.getpid()), 'md')", "a.md").text for _ in range(30)}
    assert len(pids) == 2
