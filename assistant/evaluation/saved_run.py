"""A finished run as it lies on disk: its metrics and its results, read and checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import AssistantError
from .results import Result

METRICS_FILE = "metrics.json"
RESULTS_FILE = "results.jsonl"
_AGAIN = "Start the run again with the same --out to finish it."


@dataclass(frozen=True, slots=True)
class SavedRun:
    """metrics: what metrics.json holds. results: one per question, in the order of the sets."""

    directory: Path
    metrics: Mapping[str, Any]
    results: tuple[Result, ...]

    @property
    def build(self) -> str:
        """The id of the index build that answered."""
        return str(self.metrics.get("build", {}).get("id", "unknown"))

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages of the questions, English first."""
        return tuple(sorted({result.language for result in self.results}))


def key_of(result: Result) -> str:
    """What names a question among all sets, such as "report-dev/dev-01"."""
    return f"{result.set}/{result.id}"


def read_run(directory: Path) -> SavedRun:
    """What a finished run left in its directory.

    Raises AssistantError with one sentence when it is no directory of a run, when the run has
    not finished, or when one of its files is damaged.
    """
    metrics_path, results_path = directory / METRICS_FILE, directory / RESULTS_FILE
    if not directory.is_dir():
        raise AssistantError(f"There is no directory {directory}; name one that a run has written.")
    if not metrics_path.is_file() and not results_path.is_file():
        raise AssistantError(
            f"{directory} is not the directory of a run: it holds neither {RESULTS_FILE} nor "
            f"{METRICS_FILE}. `python -m assistant.evaluation run` makes one."
        )
    for path in (metrics_path, results_path):
        if not path.is_file():
            raise AssistantError(
                f"The run in {directory} has not finished: no {path.name}. {_AGAIN}"
            )
    metrics = _parsed(_text(metrics_path), str(metrics_path))
    metrics["groups"] = _groups(metrics, str(metrics_path))
    results = []
    for number, line in enumerate(_text(results_path).split("\n"), start=1):
        if line.strip():
            results.append(_result(line, f"{results_path}, line {number}"))
    if not results:
        raise AssistantError(f"{results_path} holds no question. {_AGAIN}")
    return SavedRun(directory, metrics, tuple(results))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise AssistantError(f"{path} cannot be read ({error}).") from error


def _parsed(text: str, where: str) -> dict[str, Any]:
    try:
        # NaN is no JSON for a browser; it means "undefined" wherever it stands.
        value = json.loads(text, parse_constant=lambda _: None)
    except ValueError as error:
        raise AssistantError(f"{where} is damaged ({error}). {_AGAIN}") from error
    if not isinstance(value, dict):
        raise AssistantError(f"{where} is damaged (no JSON object). {_AGAIN}")
    return value


def _groups(metrics: Mapping[str, Any], where: str) -> list[dict[str, Any]]:
    """The groups of metrics.json without metrics that have no value."""
    try:
        return [
            {
                **{name: group[name] for name in ("language", "kind", "questions", "outcomes")},
                "metrics": {
                    name: estimate
                    for name, estimate in group["metrics"].items()
                    if estimate["value"] is not None
                },
            }
            for group in metrics["groups"]
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise AssistantError(f"{where} holds no groups of a run ({error!r}). {_AGAIN}") from error


def _result(line: str, where: str) -> Result:
    row = _parsed(line, where)
    try:
        return Result.from_dict(row)
    except (KeyError, TypeError, AttributeError) as error:
        raise AssistantError(
            f"{where} is no result of this version ({error!r}). {_AGAIN}"
        ) from error
