"""`python -m ingest watch`, a process of its own: what changes in a folder is soon in the index."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant.settings import Settings
from ingest import build_index, library_entries, library_sources, pending_changes

from .tiny import answers, child, line_from

WATCH = """
from ingest.__main__ import main
for name in ('home', 'corpus', 'cache'):
    os.environ[f'ASSISTANT_{name.upper()}'] = str(getattr(settings, name))
sys.exit(main(['watch', str(Path(sys.argv[1]) / 'documents')]))
"""


@pytest.fixture
def watched(tiny: Settings, tmp_path: Path) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    """A folder with one document, and the process that watches it."""
    build_index(tiny)
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "mill.txt").write_text("The mill is old.\n")
    watcher = child(WATCH, tmp_path)
    try:
        said = line_from(watcher)
        while not said.startswith("Watching"):
            said = line_from(watcher)
        yield folder, watcher
    finally:
        watcher.kill()
        watcher.communicate()


def soon(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, "nothing changed for a minute"
        time.sleep(0.1)


def test_what_comes_changes_moves_and_goes_is_followed(
    watched: tuple[Path, subprocess.Popen[str]], tiny: Settings
) -> None:
    folder, watcher = watched

    def texts() -> list[str]:
        assert answers(tiny)  # whoever asks meanwhile is answered
        found = [] if pending_changes(tiny) else library_sources(tiny)
        return sorted(source.text.strip() for source in found)

    assert texts() == ["The mill is old."]
    (folder / "weir.txt").write_text("The weir is new.\n")
    soon(lambda: texts() == ["The mill is old.", "The weir is new."])
    (folder / "mill.txt").write_text("The mill was sold.\n")
    soon(lambda: texts() == ["The mill was sold.", "The weir is new."])
    kept = [entry.id for entry in library_entries(tiny)]
    (folder / "broken.pdf").write_bytes(b"no PDF")
    (folder / "deep").mkdir()
    os.replace(folder / "weir.txt", folder / "deep" / "dam.txt")
    (folder / "deep" / "lock.txt").write_text("The lock is shut.\n")
    soon(lambda: texts() == ["The lock is shut.", "The mill was sold.", "The weir is new."])
    assert set(kept) < {entry.id for entry in library_entries(tiny)}
    (folder / "mill.txt").unlink()
    soon(lambda: texts() == ["The lock is shut.", "The weir is new."])
    assert watcher.poll() is None
    watcher.send_signal(signal.SIGINT)
    out, err = watcher.communicate(timeout=60)
    assert watcher.returncode == 0
    assert out.endswith("Stopped watching.\n")
    assert "broken.pdf was not added: the file is damaged (it is no PDF file)" in err
    assert "Traceback" not in err
