"""How long an answer and a build take on this machine, and how much memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..answering import open_assistant
from ..settings import Settings
from .questions import SetQuestion

RUNS = 5


def print_speed(settings: Settings, questions: Sequence[SetQuestion]) -> None:
    """Print medians of cold and warm answers, and a build from nothing, model and means included.

    Cold: a new process each time, from its start to its end; the index is built.
    """
    for question in (questions[0], next(q for q in questions if q.language == "zh")):
        runs = [_measured(["assistant", question.question], {}) for _ in range(RUNS)]
        seconds = statistics.median(run[0] for run in runs)
        memory = max(run[1] for run in runs)
        print(f"cold answer, {question.language}: {seconds:.2f} s, {memory:.0f} MB")
    with tempfile.TemporaryDirectory() as folder:
        fresh = replace(settings, home=Path(folder) / "home", cache=Path(folder) / "cache")
        places = {"ASSISTANT_HOME": str(fresh.home), "ASSISTANT_CACHE": str(fresh.cache)}
        for name in ("build from nothing", "nothing to do"):
            seconds, memory = _measured(["ingest"], places)
            print(f"{name}: {seconds:.1f} s, {memory:.0f} MB")
    # Last: a child's peak memory starts from what its parent held when it was started.
    with open_assistant(settings) as assistant:
        assistant.ask(questions[0].question)
        warm = [assistant.ask(question.question).timings.total_s for question in questions]
    ordered = sorted(1000 * seconds for seconds in warm)
    print(
        f"warm answer: median {statistics.median(ordered):.0f} ms, "
        f"95th percentile {ordered[int(0.95 * len(ordered))]:.0f} ms, {len(ordered)} questions"
    )


def _measured(arguments: Sequence[str], places: Mapping[str, str]) -> tuple[float, float]:
    """Seconds and peak megabytes of `python -m …`."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        env={**os.environ, **places},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0  # already waited for
    return time.perf_counter() - began, usage.ru_maxrss / 1024
