"""Figures on a terminal: tables in which Chinese takes two columns, a run, and its floors."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import AssistantError
from ..types import LANGUAGES, Usage
from .run import EvaluationReport
from .score import FAILURES, Result
from .sets import SetQuestion
from .summary import LANGUAGE_NAMES, METRICS, OUTCOMES, Group

WIDTH = 100
# As many errors as fit a screen; the others are in the files.
SHOWN = 10
# A kind's metrics, and how their narrow columns are headed.
_OF_A_KIND = {"contains": "right", "recall@6": "found", "refusal_recall": "held"}
# So that 27 of 30 reach 0.9 whatever the last bit of the quotient.
_ROUNDING = 1e-9


def width(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def cut(text: str, columns: int = WIDTH) -> str:
    """The text, shortened to so many columns."""
    if width(text) <= columns:
        return text
    while width(text) >= columns:
        text = text[:-1]
    return f"{text}…"


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows as lines: the first column to the left, the others to the right."""
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        padding = [" " * (wide - width(cell)) for wide, cell in zip(widths, row, strict=True)]
        pairs = list(zip(padding, row, strict=True))
        cells = [f"{cell}{space}" for space, cell in pairs[:1]]
        yield "  ".join([*cells, *(f"{space}{cell}" for space, cell in pairs[1:])]).rstrip()


def run_lines(report: EvaluationReport, *, verbose: bool = False) -> Iterator[str]:
    """What a run is told by on a terminal; `verbose` adds every question that went wrong."""
    about = report.about
    reused = f", {about['reused']} of them asked before" if about["reused"] else ""
    yield f"{about['name']}: {len(report.results)} questions{reused}"
    made = f"build {about['build']['id']}, settings {about['settings']['id']}"
    yield f"{made}, {about['seconds']} s with {about['workers']} workers"
    whole = [group for group in report.groups if group.kind == "all"]
    # That of each language, and of both when there are two.
    columns = whole if len(whole) > 2 else whole[1:]
    yield from ("", *_metric_lines(columns), "", *_outcome_lines(columns))
    if kinds := [group.kind for group in report.groups if group.language == "all"][1:]:
        by_name = {(group.language, group.kind): group for group in report.groups}
        yield from ("", *_kind_lines(kinds, columns, by_name))
    errors = [result for result in report.results if result.error]
    if errors:
        yield from ("", f"Could not be asked, and count as not answered: {len(errors)}")
        for result in errors[:SHOWN]:
            yield f"  {result.set}, {result.id}: {result.error}"
    for result in report.results if verbose else ():
        if result.failures:
            yield from _failure(result)


def _metric_lines(columns: Sequence[Group]) -> Iterator[str]:
    rows = [["", *(f"{LANGUAGE_NAMES[group.language]} ({group.questions})" for group in columns)]]
    for name, metric in METRICS.items():
        cells = [_estimate(group, name) for group in columns]
        rows += [[metric.name, *cells]] * any(cells)
    yield from (*table(rows), "Ranges hold 95 % of 1,000 resamples of the questions.")


def _outcome_lines(columns: Sequence[Group]) -> Iterator[str]:
    # Errors are listed by themselves.
    ends = OUTCOMES[:-1]
    rows = [_above(columns, len(ends)), ["Outcome", *(ends * len(columns))]]
    for what in ("answerable", "near_miss", "far"):
        rows.append([what, *(str(group.outcomes[what][end]) for group in columns for end in ends)])
    yield from table(rows)


def _kind_lines(
    kinds: Sequence[str], columns: Sequence[Group], groups: Mapping[Any, Group]
) -> Iterator[str]:
    heads = ["n", *_OF_A_KIND.values()]
    rows = [_above(columns, len(heads)), ["Kind", *(heads * len(columns))]]
    for kind in kinds:
        mine = [groups.get((column.language, kind)) for column in columns]
        rows.append([cut(kind, 15), *(cell for group in mine for cell in _of_kind(group))])
    yield from table(rows)
    yield "In percent: right, with a gold answer; found, with the evidence among the first six"
    yield "hits; held, not answered of those that have no answer."


def _above(columns: Sequence[Group], heads: int) -> list[str]:
    """The names of languages, each over the first of its columns."""
    return ["", *(cell for g in columns for cell in (g.language, *[""] * (heads - 1)))]


def _estimate(group: Group, metric: str) -> str:
    found = group.metrics.get(metric)
    if found is None:
        return ""
    shown = METRICS[metric]
    return f"{shown.shown(found.value)} {shown.range_shown(found.low, found.high):>12}"


def _of_kind(group: Group | None) -> list[str]:
    found = [group and group.metrics.get(metric) for metric in _OF_A_KIND]
    cells = [f"{100 * estimate.value:.0f}" if estimate else "" for estimate in found]
    return [str(group.questions) if group else "", *cells]


def _failure(result: Result) -> Iterator[str]:
    what = ", ".join(FAILURES[key].lower() for key in result.failures)
    yield from (
        "",
        f"{result.set}, {result.id} ({result.language}): {what}",
        f"  {result.question}",
    )
    if result.answerable:
        expected = result.expected["answers"] or result.expected["answers_all"]
        yield f"  expected  {' | '.join(expected) or 'evidence only'}"
    said = result.answer["text"] if result.answer else result.error
    yield f"  {result.status:8}  {' '.join(said.split())[:400]}"


def tokens_of(usage: Usage) -> str:
    """What a chat model was asked, as a line tells it: "3 calls, about 900 tokens in, 40 out"."""
    about = "about " if usage.estimated else ""
    calls = "1 call" if usage.calls == 1 else f"{usage.calls:,} calls"
    return f"{calls}, {about}{usage.tokens_in:,} tokens in, {usage.tokens_out:,} out"


# ---- --fail-under ----


@dataclass(frozen=True, slots=True)
class Floor:
    """The least that a metric must be; the most, where lower is better."""

    text: str
    metric: str
    language: str
    kind: str
    value: float


def parse_floor(text: str, questions: Sequence[SetQuestion], *, judged: bool) -> Floor:
    """The floor that `[LANGUAGE[/KIND]:]METRIC=VALUE` names.

    Raises AssistantError for one that this run of these questions cannot have.
    """
    name, _, number = text.rpartition("=")
    scope, _, metric = name.strip().rpartition(":")
    language, _, kind = scope.partition("/")
    kinds = sorted({question.kind for question in questions if question.kind})
    share = number.removesuffix("%")
    try:
        value = float(share) / (100 if number.endswith("%") else 1)
    except ValueError:
        value = float("nan")
    most = 1 if metric in METRICS and METRICS[metric].unit == "share" else float("inf")
    why = ""
    if metric not in METRICS:
        near = difflib.get_close_matches(metric, METRICS, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        why = f"there is no metric {metric!r}.{hint} They are: {', '.join(METRICS)}"
    elif language not in ("", "all", *LANGUAGES):
        why = f"{language!r} is no language; write en:{metric}, or en/number:{metric} of a kind"
    elif not 0 <= value <= most:
        why = f"{number!r} is no such number; a share lies between 0 and 1 (or 0% and 100%)"
    elif metric == "judge" and not judged:
        why = "there is no judge; name one with --judge MODEL"
    elif language in LANGUAGES and language not in {question.language for question in questions}:
        why = f"no question is in the language {language!r}"
    elif kind not in ("", "all", *kinds):
        why = f"there is no kind {kind!r}. The kinds are: {', '.join(kinds) or 'none'}"
    if why:
        raise AssistantError(f"--fail-under {text}: {why}.")
    return Floor(text, metric, language or "all", kind or "all", value)


def missed(report: EvaluationReport, floors: Sequence[Floor]) -> Iterator[str]:
    """One sentence for each floor that the run does not reach.

    Raises AssistantError when a metric is undefined in this run.
    """
    for floor in floors:
        estimate = report.metric(floor.metric, floor.language, floor.kind)
        metric = METRICS[floor.metric]
        short = (floor.value - estimate.value) * (1 if metric.rises else -1)
        if short > _ROUNDING:
            range_ = metric.range_shown(estimate.low, estimate.high)
            yield (
                f"{floor.text.rpartition('=')[0]} is {metric.shown(estimate.value)} ({range_}), "
                f"but must be {'at least' if metric.rises else 'at most'} "
                f"{metric.shown(floor.value)}"
            )
