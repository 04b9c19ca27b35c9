"""The directory of a run: what was asked survives a kill, and no other run is overwritten."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Any

from ..builds import replace_text
from ..errors import AssistantError
from .provenance import Identity, run_name
from .questions import SetQuestion
from .results import Key, Result, read_results
from .saved_run import METRICS_FILE, RESULTS_FILE

_RUN_FILE = "run.json"
_LOCK_FILE = ".lock"


def default_directory(home: Path, questions: Sequence[SetQuestion], identity: Identity) -> Path:
    """Where a run is kept when the user names no place: a directory for each identity."""
    # A name of several sets could be longer than a file system takes (255 bytes).
    name = run_name(questions).encode()[:120].decode(errors="ignore")
    return home / "evaluation" / "runs" / f"{name}-{identity.id[:8]}"


class RunDirectory:
    """A directory that this process alone writes to; made by `open_run`.

    done: results that are there already, by key. finished: what metrics.json says, None as
    long as the run is not finished. started: when the run was first started (ISO 8601).
    """

    def __init__(
        self,
        path: Path,
        started: str,
        done: dict[Key, Result],
        finished: Mapping[str, Any] | None,
        file: FileIO,
    ) -> None:
        """Keep the opened parts."""
        self.path = path
        self.started = started
        self.done = done
        self.finished = finished
        self._file = file

    def keep(self, result: Result) -> None:
        """Add a result; it outlives this process from now on."""
        with _writing(self.path):
            line = result.to_json().encode() + b"\n"
            # One call of the system for a line, and nothing that is still to be written at the end.
            if self._file.write(line) != len(line):
                raise OSError("the disk is full")
        self.done[result.key] = result

    def finish(self, results: Sequence[Result], metrics: Mapping[str, Any]) -> None:
        """Write the results in their final order and then the metrics, which end the run."""
        with _writing(self.path):
            lines = "".join(result.to_json() + "\n" for result in results)
            replace_text(self.path / RESULTS_FILE, lines)
            text = json.dumps(metrics, ensure_ascii=False, indent=1)
            replace_text(self.path / METRICS_FILE, text + "\n")


@contextmanager
def open_run(path: Path, identity: Identity, *, again: bool = False) -> Iterator[RunDirectory]:
    """The directory of this run, locked: new, half-done or finished.

    `again` moves what an earlier run left beside it and starts anew. Raises AssistantError when
    the directory holds another run or other files, or when another process is writing to it.
    """
    from filelock import FileLock, Timeout

    _check_free(path)
    with _writing(path):
        path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path / _LOCK_FILE, timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise AssistantError(
                f"Another evaluation is writing to {path}. Wait until it ends, or give this one "
                "a directory of its own with --out."
            ) from error
    try:
        if again:
            _move_aside(path)
        started = _started(path, identity)
        done = _done(path)
        with _writing(path):
            file = (path / RESULTS_FILE).open("ab", buffering=0)
        with file:
            yield RunDirectory(path, started, done, _finished(path), file)
    finally:
        lock.release()


def _check_free(path: Path) -> None:
    if path.exists() and not path.is_dir():
        raise AssistantError(
            f"{path} is a file. --out needs a directory, new or of an earlier run."
        )
    if not path.is_dir() or (path / _RUN_FILE).is_file():
        return
    # A kill in the first moment leaves these behind.
    others = [p.name for p in path.iterdir() if p.name != _LOCK_FILE and p.suffix != ".part"]
    if others:
        raise AssistantError(
            f"{path} holds other files ({others[0]}, …) and no run. Give --out a directory that "
            "is new, empty, or of an earlier run."
        )


def _move_aside(path: Path) -> None:
    if not (path / _RUN_FILE).is_file():
        return
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
    aside = path.with_name(f"{path.name}.before-{stamp}")
    with _writing(aside):
        aside.mkdir()
        # run.json goes last: until then a kill leaves the rest recognisable as a run.
        for child in sorted(path.iterdir(), key=lambda child: child.name == _RUN_FILE):
            if child.name != _LOCK_FILE:
                child.rename(aside / child.name)


def _started(path: Path, identity: Identity) -> str:
    """When the run began; checks that it is this run, or begins it."""
    file = path / _RUN_FILE
    if not file.is_file():
        started = datetime.now(UTC).isoformat(timespec="seconds")
        row = {"identity": identity.id, "started": started, "made_with": asdict(identity)}
        with _writing(path):
            replace_text(file, json.dumps(row, indent=1) + "\n")
        return started
    try:
        row = json.loads(file.read_text(encoding="utf-8"))
        theirs, started = Identity(**row["made_with"]), str(row["started"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AssistantError(
            f"{file} is damaged ({type(error).__name__}), so it cannot be told whether this run "
            "may go on in its directory. --again moves it aside and starts anew."
        ) from error
    if theirs != identity:
        ours = asdict(identity)
        changed = [key for key, value in asdict(theirs).items() if value != ours[key]]
        raise AssistantError(
            f"{path} holds a run with other {', '.join(changed)}; nothing was overwritten. Give "
            "--out another directory, or --again to move that run aside."
        )
    return started


def _done(path: Path) -> dict[Key, Result]:
    """The results that are there; a line that a kill tore off is dropped from the file too."""
    file = path / RESULTS_FILE
    if not file.is_file():
        return {}
    with _writing(path):
        done = {result.key: result for result in read_results(file)}
        replace_text(file, "".join(result.to_json() + "\n" for result in done.values()))
    return done


def _finished(path: Path) -> dict[str, Any] | None:
    try:
        metrics: dict[str, Any] = json.loads((path / METRICS_FILE).read_text(encoding="utf-8"))
        return {key: value for key, value in metrics.items() if key != "groups"}
    except (OSError, ValueError, AttributeError):
        return None


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise AssistantError(
            f"The run's directory {path} cannot be written ({error.strerror or error}). "
            "Mend that, or give another one with --out; what was answered is kept."
        ) from error
