"""Figures on a terminal: tables in which Chinese takes two columns, a run, and its floors."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..errors import AssistantError
from ..types import Usage
from .score import CONDITIONS
from .sets import SetQuestion
from .summary import LANGUAGE_NAMES, METRICS, OUTCOMES, EvaluationReport, Group

WIDTH = 100
# As many errors as fit a screen; the others are in the files.
SHOWN = 10
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
    for name, *cells in rows:
        padded = [" " * (w - width(c)) + c for w, c in zip(widths[1:], cells, strict=True)]
        yield "  ".join([name + " " * (widths[0] - width(name)), *padded]).rstrip()


def run_lines(report: EvaluationReport) -> Iterator[str]:
    """What a run is told by on a terminal; failures stand in its page."""
    about = report.about
    reused = f", {about['reused']} of them asked before" if about["reused"] else ""
    yield f"{about['name']}: {len(report.results)} questions{reused}"
    made = f"build {about['build']['id']}, settings {about['settings']['id']}"
    yield f"{made}, {about['seconds']} s with {about['workers']} workers"
    whole = [group for group in report.groups if group.kind == "all"]
    # That of each language, and of both when there are two.
    columns = whole if len(whole) > 2 else whole[1:]
    head = ["", *(f"{LANGUAGE_NAMES[group.language]} ({group.questions})" for group in columns)]
    rows = [
        [metric.name, *(_estimate(g, name) for g in columns)] for name, metric in METRICS.items()
    ]
    yield from ("", *table([head, *(row for row in rows if any(row[1:]))]))
    yield "Ranges hold 95 % of 1,000 resamples of the questions."
    yield from _kinds(report, [group.language for group in columns])
    # Errors are listed by themselves.
    ends = OUTCOMES[:-1]
    rows = [
        [f"{LANGUAGE_NAMES[group.language]}, {what}", *(str(counts[end]) for end in ends)]
        for group in columns
        for what, counts in group.outcomes.items()
    ]
    yield from ("", *table([["Outcomes", *ends], *rows]))
    errors = [result for result in report.results if result.error]
    if errors:
        yield from ("", f"Could not be asked, and count as not answered: {len(errors)}")
        for result in errors[:SHOWN]:
            yield f"  {result.set}, {result.id}: {result.error}"


def _kinds(report: EvaluationReport, languages: Sequence[str]) -> Iterator[str]:
    """The share of right answers by kind, and how often each condition is not met."""
    kinds = dict.fromkeys(group.kind for group in report.groups if group.kind != "all")
    if not kinds:
        return
    rows = [["Right, by kind", *(LANGUAGE_NAMES[language] for language in languages)]]
    for kind in kinds:
        cells = dict.fromkeys(languages, "")
        for group in report.groups:
            if group.kind == kind and group.language in cells:
                cells[group.language] = f"{_estimate(group, 'right')} ({group.questions})"
        rows.append([kind, *cells.values()])
    yield from ("", *table(rows))
    asked = [result for result in report.results if result.unmet is not None]
    if not asked:
        return
    rows = [["Conditions not met", *CONDITIONS, "questions"]]
    for kind in [*dict.fromkeys(result.kind for result in asked), "all"]:
        failed = [r.unmet or () for r in asked if kind in (r.kind, "all")]
        counts = [sum(name in unmet for unmet in failed) for name in CONDITIONS]
        rows.append([kind or "–", *map(str, [*counts, len(failed)])])
    yield from ("", *table(rows))


def _estimate(group: Group, name: str) -> str:
    found, metric = group.metrics.get(name), METRICS[name]
    if found is None:
        return ""
    return f"{metric.shown(found.value)} {metric.range_shown(found.low, found.high):>12}"


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
    try:
        value = float(number.removesuffix("%")) / (100 if number.endswith("%") else 1)
    except ValueError:
        value = float("nan")
    most = 1 if metric in METRICS and METRICS[metric].unit == "share" else float("inf")
    languages = {"", "all", *(question.language for question in questions)}
    kinds = {"", "all", *(question.kind for question in questions)}
    for is_known, why in (
        (metric in METRICS, f"there is no metric {metric!r}. They are: {', '.join(METRICS)}"),
        (language in languages, f"no question is in the language {language!r}"),
        (kind in kinds, f"there is no kind {kind!r}. They are: {', '.join(sorted(kinds - {''}))}"),
        (0 <= value <= most, f"{number!r} is no such number; a share lies between 0 and 1"),
        (metric != "judge" or judged, "there is no judge; name one with --judge MODEL"),
    ):
        if not is_known:
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
