"""Killed at any moment of adding, removing and syncing, nothing is lost and readers never fail."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from assistant.retrieval.chroma import Vectors
from assistant.settings import Settings
from ingest import build_index, library_entries, open_library, pending_changes, read_sources

from .tiny import answers, child, ended, found, indexed, line_from, opened

# The kills are spread over this many moments; each child lives through several rounds.
MOMENTS = 200
ROUND = """
from tests.tiny import indexed
from ingest.__main__ import main
from ingest import library_entries
place = Path(sys.argv[1]) / 'documents'
for name in ('home', 'corpus', 'cache'):
    os.environ[f'ASSISTANT_{name.upper()}'] = str(getattr(settings, name))
def write(**texts):
    for name, text in texts.items(): (place / f'{name}.txt').write_text(text + chr(10))
def state():
    return sorted(indexed(settings).items())
def round_():
    write(one='The mill is old.', two='The weir is new.')
    main(['add', str(place / 'one.txt')]); yield state()
    main(['sync', str(place)]); yield state()
    write(one='The mill was sold.', three='The lock is shut.'); (place / 'two.txt').unlink()
    main(['sync', str(place)]); yield state()
    (place / 'three.txt').rename(place / 'four.txt')
    main(['sync']); yield state()
    main(['remove', *[entry.id for entry in library_entries(settings)]]); yield state()
    for path in place.iterdir(): path.unlink()
"""
STATES = "import json; print(json.dumps([s for s in round_()]).join(['STATES ', '']))"
LOOP = "print('ready', flush=True); sys.stdout = open(os.devnull, 'w')\nwhile True: list(round_())"


@contextmanager
def a_reader(settings: Settings) -> Iterator[list[str]]:
    """Someone who opens the index and searches it again and again; what went wrong."""
    stop, wrong = threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            try:
                with closing(opened(settings)) as index, index.snapshot() as now:
                    if found(now) != "All grew.":
                        wrong.append("another sentence was found")
            except Exception as error:
                wrong.append(repr(error))

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield wrong
    finally:
        stop.set()
        thread.join()


def index_state(settings: Settings) -> list[list[str]]:
    return [list(pair) for pair in sorted(indexed(settings).items())]


def legal_states(folder: Path) -> list[list[list[str]]]:
    out, err = child(ROUND + STATES, folder).communicate(timeout=120)
    line = next((line for line in out.splitlines() if line.startswith("STATES ")), None)
    assert line is not None, err
    states: list[list[list[str]]] = json.loads(line.removeprefix("STATES "))
    return states


# The steps of a change and of the build after it, each a function; the process ends as it is
# called, or when it has returned.
STEPS = {
    "ingest.storing.replace_bytes": "before after",
    "ingest.storing.Change.begin": "before after",
    "ingest.storing.Change.put_document": "before after",
    "ingest.storing.Change.remove_document": "before after",
    "ingest.storing.Change.put_source": "before after",
    "ingest.storing.Change.remove_source": "after",
    "ingest.storing.Change.finish_index": "before after",
    "ingest.storing.Change._commit": "before after",
    "ingest.storing.Change.tidy": "before after",
    "assistant.retrieval.chroma.Vectors.add": "before after",
    "assistant.retrieval.chroma.Vectors.delete": "before after",
    "assistant.retrieval.chroma.Vectors.count": "after",
}
# Told a step, it does a round in a fork of itself that ends there, and says how that ended.
ENDING = """
import pkgutil, chromadb
import ingest.syncing
def killing(real, when):
    def call(*args, **named):
        if when == 'after': real(*args, **named)
        os.kill(os.getpid(), signal.SIGKILL)
    return call
print('ready', flush=True)
for line in sys.stdin:
    step, when = line.split()
    if not (fork := os.fork()):
        sys.stdout = open(os.devnull, 'w')
        owner, _, name = step.rpartition('.')
        owner = pkgutil.resolve_name(owner)
        setattr(owner, name, killing(getattr(owner, name), when))
        list(round_()); os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(fork, 0)[1]), flush=True)
"""


def test_a_kill_at_a_step_leaves_the_old_or_the_new_state(built: Settings, tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    before = index_state(built)
    legal = [before, *legal_states(tmp_path)]
    process = child(ROUND + ENDING, tmp_path)
    assert line_from(process) == "ready"
    assert process.stdin is not None
    for step, when in ((step, when) for step, whens in STEPS.items() for when in whens.split()):
        process.stdin.write(f"{step} {when}\n")
        process.stdin.flush()
        assert line_from(process) == str(-signal.SIGKILL), step
        assert index_state(built) in legal, step
        assert answers(built)
        repaired(built)
        assert index_state(built) == before
    ended(process)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_kill_at_any_moment_leaves_the_old_or_the_new_state(
    built: Settings, tmp_path: Path
) -> None:
    (tmp_path / "documents").mkdir()
    before = index_state(built)
    began = time.monotonic()
    legal = [before, *legal_states(tmp_path)]
    round_s = time.monotonic() - began  # on this machine, as busy as it is
    assert len({str(state) for state in legal}) == 4  # a move and the last removal make no new one
    chance = random.Random()
    states = set()
    for number in range(MOMENTS):
        process = child(ROUND + LOOP, tmp_path)
        with a_reader(built) as wrong:
            line_from(process)
            time.sleep(moment_s := chance.uniform(0.0, round_s))
            process.kill()
            process.communicate()
        print(f"kill {number}, {moment_s:.3f} s after ready")
        assert process.returncode == -signal.SIGKILL
        assert wrong == []
        now = index_state(built)
        assert now in legal
        states.add(str(now))
        repaired(built)
        assert index_state(built) == before
    assert len(states) > 1  # the kills came at different moments


def repaired(settings: Settings) -> None:
    """What the next run does: it sweeps what was left behind and takes in what waits."""
    read_sources(settings)  # the library holds together
    with open_library(settings) as library:
        for entry in library_entries(settings):
            library.remove(entry.id)
    build_index(settings)
    assert not pending_changes(settings)
    for path in (settings.home.parent / "documents").iterdir():
        path.unlink()
    assert list((settings.home / "originals").glob("*")) == []
    with closing(opened(settings)) as index:
        assert index.store.meta("unfinished") == ""
        assert Vectors(settings).count(index.info.collection) == index.info.surfaces
        numbers = {n for batch in index.store.all_vectors() for n, *_ in batch}
        assert {*Vectors(settings).after(index.info.collection, 0)} == numbers
    assert answers(settings)


@pytest.mark.parametrize("limit", [1, pytest.param(400, marks=pytest.mark.slow)])
def test_a_disk_that_fills_up_leaves_everything_as_it_was(
    built: Settings, tmp_path: Path, limit: int
) -> None:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "mill.txt").write_text("The mill is old. " * 300)
    before = index_state(built)
    body = ROUND + f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))"
    process = child(body + "\nsys.exit(main(['add', str(place)]))", tmp_path)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Traceback" not in err
    assert err.startswith("ingest: ")
    assert index_state(built) == before
    assert answers(built)
    read_sources(built)
    assert main_in_child(tmp_path) == 0
    assert len(index_state(built)) == len(before) + 1


def main_in_child(folder: Path) -> int:
    process = child(ROUND + "\nsys.exit(main(['add', str(place)]))", folder)
    process.communicate(timeout=60)
    return process.returncode


def test_two_processes_that_add_and_build_at_once_both_succeed(
    built: Settings, tmp_path: Path
) -> None:
    (tmp_path / "documents").mkdir()
    body = ROUND + (
        "\nprint('ready', flush=True); name = input()\nfor i in range(2):\n"
        "    write(**{f'{name}{i}': f'{name} wrote text number {i}.'})\n"
        "    assert main(['add', str(place / f'{name}{i}.txt')]) == 0"
    )
    pair = [child(body, tmp_path) for _ in range(2)]
    for process in pair:
        line_from(process)
    with a_reader(built) as wrong:
        for process, name in zip(pair, ("ann", "bob"), strict=True):
            assert process.stdin is not None
            process.stdin.write(f"{name}\n")
            process.stdin.flush()
        for process in pair:
            _, err = process.communicate(timeout=120)
            assert process.returncode == 0, err
    assert wrong == []
    assert not pending_changes(built)
    assert len(index_state(built)) == 2 + 4
    assert os.listdir(tmp_path / "documents")
