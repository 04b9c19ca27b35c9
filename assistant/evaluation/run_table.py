"""A run as it prints: metrics, kinds and outcomes, a column a language, 100 characters wide."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import asdict

from .labels import LANGUAGE_NAMES, interval, label_of, shown
from .results import Result
from .run import EvaluationReport
from .summary import OUTCOMES, Group
from .verdicts import FAILURES, failures_of

_METRICS = (
    "contains exact f1 judge citation_recall citation_precision quotes_valid language_ok recall@1 "
    "recall@3 recall@6 mrr ndcg@6 near_miss_recall near_miss_precision far_recall refusal_recall "
    "refusal_precision refusal_f1 false_refusals refused_outright latency_ms_p50 latency_ms_p95"
).split()
# What the table of kinds shows, and how its narrow columns are headed.
_OF_A_KIND = {"contains": "right", "recall@6": "found", "refusal_recall": "held"}
_ANSWERABILITY = {"answerable": "Answerable", "near_miss": "Near misses", "far": "Far off"}
_NAME, _CELL, _SIDE = 24, 25, 16
# Errors are listed by themselves.
_STATUSES = OUTCOMES[:-1]
# As many errors and problems as fit a screen; the others are in the files.
SHOWN = 10


def run_lines(report: EvaluationReport, *, verbose: bool = False) -> list[str]:
    """What a run is told by on a terminal; `verbose` adds every question that went wrong."""
    columns = _columns(report.groups)
    about = report.about
    reused = f", {about['reused']} of them asked before" if about["reused"] else ""
    lines = [
        f"{about['name']}: {len(report.results)} questions{reused}",
        f"build {about['build']['id']}, settings {about['settings']['id']}, "
        f"{about['seconds']} s with {about['workers']} workers",
        "",
        *_metric_lines(columns),
    ]
    kinds = sorted({group.kind for group in report.groups} - {"all"})
    if kinds:
        lines += ["", *_kind_lines(report.groups, columns, kinds)]
    lines += ["", *_outcome_lines(columns)]
    errors = [result for result in report.results if result.error]
    if errors:
        lines += ["", f"Could not be asked, and count as not answered: {len(errors)}"]
        lines += [f"  {result.set}, {result.id}: {result.error}" for result in errors[:SHOWN]]
        lines += [f"  … and {len(errors) - SHOWN} others"] * (len(errors) > SHOWN)
    for result in report.results if verbose else ():
        lines += _failure_lines(result)
    return lines


def _columns(groups: Sequence[Group]) -> list[Group]:
    """The group of each language, and of both when there are two."""
    whole = [group for group in groups if group.kind == "all"]
    return whole if len(whole) > 2 else whole[1:]


def _metric_lines(columns: Sequence[Group]) -> list[str]:
    names = [f"{LANGUAGE_NAMES[group.language]} ({group.questions})" for group in columns]
    lines = [_padded("", _NAME) + "".join(f"{name:>{_CELL}}" for name in names)]
    for metric in _METRICS:
        cells = [_cell(group, metric) for group in columns]
        if any(cells):
            name = _padded(label_of(metric).name, _NAME)
            lines.append(name + "".join(f"{cell:>{_CELL}}" for cell in cells))
    return [*lines, "Ranges hold 95 % of 1,000 resamples of the questions."]


def _cell(group: Group, metric: str) -> str:
    estimate = group.metrics.get(metric)
    if estimate is None:
        return ""
    return f"{shown(estimate.value, metric)} {interval(asdict(estimate), metric):>12}"


def _kind_lines(
    groups: Sequence[Group], columns: Sequence[Group], kinds: Sequence[str]
) -> list[str]:
    by_name = {(group.language, group.kind): group for group in groups}
    heads = _beside(["n", *_OF_A_KIND.values()])
    lines = [_language_heads(columns), _padded("Kind", _SIDE) + heads * len(columns)]
    for kind in kinds:
        cells = [_kind_cells(by_name.get((column.language, kind))) for column in columns]
        lines.append(_padded(kind, _SIDE) + "".join(cells))
    return [
        *lines,
        "In percent: right, with a gold answer in the answer; found, with the evidence among the",
        "first six hits; held, not answered of those that have no answer.",
    ]


def _kind_cells(group: Group | None) -> str:
    if group is None:
        return _beside([""] * (1 + len(_OF_A_KIND)))
    values = [group.metrics.get(metric) for metric in _OF_A_KIND]
    cells = ["" if value is None else f"{100 * value.value:.0f}" for value in values]
    return _beside([str(group.questions), *cells])


def _outcome_lines(columns: Sequence[Group]) -> list[str]:
    heads = _beside(_STATUSES)
    lines = [_language_heads(columns), _padded("Outcome", _SIDE) + heads * len(columns)]
    for key, name in _ANSWERABILITY.items():
        counts = [column.outcomes[key] for column in columns]
        cells = [_beside([str(count[status]) for status in _STATUSES]) for count in counts]
        lines.append(_padded(name, _SIDE) + "".join(cells))
    return lines


def _language_heads(columns: Sequence[Group]) -> str:
    names = [LANGUAGE_NAMES[column.language] for column in columns]
    return _padded("", _SIDE) + "".join(f"{name:>28}" for name in names)


def _beside(cells: Sequence[str]) -> str:
    """Cells side by side, 28 columns wide in all."""
    width = 28 // len(cells)
    return "".join(f"{cell:>{width}}" for cell in cells).rjust(28)


def _failure_lines(result: Result) -> list[str]:
    failures = failures_of(result)
    if not failures:
        return []
    what = ", ".join(FAILURES[key].lower() for key in failures)
    expected = result.expected["answers"] or result.expected["answers_all"]
    said = result.answer["text"].replace("\n", " ")[:400] if result.answer else result.error
    lines = ["", f"{result.set}, {result.id} ({result.language}): {what}", f"  {result.question}"]
    if result.answerable:
        lines.append(f"  expected  {' | '.join(expected) or 'evidence only'}")
    return [*lines, f"  {result.status:8}  {said}"]


def _padded(text: str, width: int) -> str:
    """The text cut or filled to this many columns of a terminal, where Chinese takes two each."""
    kept, used = "", 0
    for character in text:
        wide = 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if used + wide > width - 1:
            kept, used = f"{kept}…", used + 1
            break
        kept, used = kept + character, used + wide
    return kept + " " * (width - used)
