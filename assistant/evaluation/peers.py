"""Building and retrieval beside two other programs: the same texts, weights and questions.

One index holds XQuAD's paragraphs in both languages. A question is searched for in all of it, and
among the paragraphs of either language alone. Each program builds in one process and searches in
another, so that its memory is its own.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from ..errors import AssistantError
from ..settings import Settings
from ..types import LANGUAGES, Language
from .checks import print_rows, share
from .peer_programs import FIRST, PACKAGES, PEERS, Search, model_folder
from .xquad import XquadFile, XquadQuestion, read_xquad

T = TypeVar("T")
# Searched before the clock runs: first uses open files and compile.
_WARM_UP = 5


def print_peers(settings: Settings, directory: Path, *, questions: int | None = None) -> None:
    """Print a column for each program: build rate, search time, memory, recall.

    `questions` asks so many of each language, spread over the articles.
    """
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        print(
            f"evaluation: peers needs {', '.join(missing)}: in an environment of its own, run "
            "`pip install -e '.[peers]'`.",
            file=sys.stderr,
        )
        raise SystemExit(2)
    files = read_xquad(directory, questions)
    columns = {name: measured(name, files) for name in PEERS}
    passages = sum(len(file.paragraphs) for file in files)
    asked = len(files[0].questions)
    heading = f"{passages} passages, {asked} questions a language; % with their 95 % interval"
    rows = {
        row: [column[row] for column in columns.values()] for row in next(iter(columns.values()))
    }
    print_rows(heading, list(columns), rows)


def measured(name: str, files: Sequence[XquadFile]) -> dict[str, str]:
    """One program's column, by row: it builds in one process and searches in another."""
    with tempfile.TemporaryDirectory() as folder:
        write_job(Path(folder), files)
        return cells(files, *(_child(step, name, Path(folder)) for step in ("build", "search")))


def cells(
    files: Sequence[XquadFile], built: Mapping[str, Any], searched: Mapping[str, Any]
) -> dict[str, str]:
    """What the table says of one program, by row."""
    found = searched["found"]
    passages = sum(len(file.paragraphs) for file in files)
    rows = {
        "built, passages a second": f"{passages / built['seconds']:.1f}",
        "… a second of processor time": f"{passages / built['processor_s']:.1f}",
        "building, peak MB": f"{built['peak_mb']:.0f}",
        "search, median ms": f"{1000 * statistics.median(searched['seconds']):.0f}",
        "… of processor time": f"{1000 * statistics.median(searched['processor_s']):.0f}",
        "searching, peak MB": f"{searched['peak_mb']:.0f}",
    }
    for asked, held in _directions(files):
        ranked = found[f"{asked.language}-{held.language}"]
        marks = recalled(asked.questions, held, ranked)
        rows[f"recall@{FIRST}, {asked.language} → {held.language} alone"] = share(marks)
    for asked, held in _directions(files):
        marks = recalled(asked.questions, held, found[f"{asked.language}-both"])
        which = "own" if asked is held else "other"
        rows[f"both in one index, {asked.language}: {which} paragraph"] = share(marks)
    return rows


def recalled(
    questions: Sequence[XquadQuestion], held: XquadFile, found: Sequence[Sequence[str]]
) -> list[bool]:
    """Whether the question's paragraph in a language is among the first five found for it."""
    return [
        held.source(question.paragraph) in list(dict.fromkeys(ids))[:FIRST]
        for question, ids in zip(questions, found, strict=True)
    ]


def _directions(files: Sequence[XquadFile]) -> list[tuple[XquadFile, XquadFile]]:
    """(asked, held), within a language first."""
    within = [(file, file) for file in files]
    return within + [(a, b) for a in files for b in files if a is not b]


# ---- the processes ----


def write_job(folder: Path, files: Sequence[XquadFile]) -> None:
    """Write the texts and questions for the processes to read."""
    texts = {file.source(i): text for file in files for i, text in enumerate(file.paragraphs)}
    questions = {file.language: [q.question for q in file.questions] for file in files}
    job = {"texts": texts, "questions": questions}
    (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")


def _child(step: str, name: str, folder: Path) -> dict[str, Any]:
    """What a process of its own measured; raises AssistantError when it ended otherwise."""
    command = [sys.executable, "-m", "assistant.evaluation.peers", step, name, str(folder)]
    # A question is answered soonest when no thread waits spinning; the same for all.
    environment = {"OMP_WAIT_POLICY": "PASSIVE", "HF_HUB_OFFLINE": "1", **os.environ}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["nothing"])[-1]
        raise AssistantError(f"{name} could not {step}: {said}")
    result: dict[str, Any] = json.loads((folder / f"{step}.json").read_text(encoding="utf-8"))
    return result


def measure(step: str, name: str, folder: Path) -> dict[str, Any]:
    """What building or searching takes in this process, and what is found.

    Seconds and megabytes; `found` holds the ids for each question, by the language asked in and
    the one searched in.
    """
    settings = replace(Settings.load(), home=folder / "home", chroma_url="")
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    result: dict[str, Any] = {}
    if step == "build":
        model_folder(settings)  # is unpacked once an install, by whoever comes first
        result |= _timed(PEERS[name].build, settings, folder, job["texts"])[1]
    else:
        result |= _searched(PEERS[name].open(settings, folder), job["questions"])
    result["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return result


def _searched(search: Search, asked: Mapping[Language, Sequence[str]]) -> dict[str, Any]:
    found: dict[str, list[list[str]]] = {}
    times = []
    for language, questions in asked.items():
        for question in questions[:_WARM_UP]:
            search(question, None)
        rows = found[f"{language}-both"] = []
        for question in questions:
            ids, time_s = _timed(search, question, None)
            rows.append(list(ids))
            times.append(time_s)
        for held in LANGUAGES:
            found[f"{language}-{held}"] = [list(search(q, held)) for q in questions]
    return {key: [time[key] for time in times] for key in times[0]} | {"found": found}


def _timed(work: Callable[..., T], *given: Any) -> tuple[T, dict[str, float]]:
    """What the work gives, and its seconds by the clock and by the processor."""
    seconds, processor_s = time.perf_counter(), time.process_time()
    result = work(*given)
    spent = {"seconds": time.perf_counter() - seconds}
    return result, spent | {"processor_s": time.process_time() - processor_s}


if __name__ == "__main__":
    _step, _name, _folder = sys.argv[1:]
    _measured = json.dumps(measure(_step, _name, Path(_folder)))
    (Path(_folder) / f"{_step}.json").write_text(_measured, encoding="utf-8")
