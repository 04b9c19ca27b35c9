"""Two runs over the same questions: what differs, and which differences are more than chance.

Every figure is over the questions that both runs hold; tests are paired.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import AssistantError
from ..settings import Settings
from .kept import read_run
from .printing import WIDTH, cut, table
from .score import Result
from .sets import Key
from .summary import LANGUAGE_NAMES, METRICS, EvaluationReport, Metric, difference, p_value, total

# A difference is called significant when chance alone makes one as large less often than this.
SIGNIFICANT = 0.05
_VERDICTS = {True: "right", False: "wrong", None: "not judged"}
# Of the questions that changed, as many as fit a screen.
_LISTED = 20
Pair = tuple[Result, Result]


@dataclass(frozen=True, slots=True)
class MetricComparison:
    """One metric in both runs, over the `n` questions of a language that define it in both.

    difference: b − a, with its 95 % interval from a paired bootstrap. p: of the two-sided test,
    0.0 to 1.0. better, worse: questions where b is better or worse than a, whichever direction
    is the good one.
    """

    metric: str
    language: str
    n: int
    a: float
    b: float
    difference: float
    low: float
    high: float
    p: float
    test: str
    better: tuple[Key, ...]
    worse: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a question in both runs.

    metrics: those that made it better, or worse. weight: how much, above 0 for better.
    """

    key: Key
    question: str
    before: str
    after: str
    metrics: tuple[str, ...]
    weight: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Run a against run b.

    shared: questions in both; only_a, only_b: in one only, and left out. differences: in what
    sets, build, settings and the like differ, a sentence each. metrics: language by language,
    "all" last where there is more than one. better, worse: questions, the most changed first.
    """

    a: Path
    b: Path
    shared: int
    only_a: int
    only_b: int
    differences: tuple[str, ...]
    metrics: tuple[MetricComparison, ...]
    better: tuple[Change, ...]
    worse: tuple[Change, ...]


def compare(a: Path, b: Path) -> Comparison:
    """Compare two run directories; a is the earlier or the baseline.

    Raises AssistantError when one holds no finished run, or when they share no question.
    """
    runs = read_run(a), read_run(b)
    # Two results are of the same question when its words are the same, too.
    first, second = ({(*r.key, r.question, r.history): r for r in run.results} for run in runs)
    pairs = [(first[identity], second[identity]) for identity in first if identity in second]
    if not pairs:
        raise AssistantError(
            f"{a} and {b} have no question in common, so there is nothing to compare. "
            "Run both on the same set."
        )
    languages = sorted({result.language for result, _ in pairs})
    metrics = [
        found
        for language in (*languages, *(["all"] if len(languages) > 1 else []))
        for name in METRICS
        if (found := _metric(name, language, pairs))
    ]
    changes = sorted((_change(*pair) for pair in pairs), key=lambda change: -abs(change.weight))
    return Comparison(
        a=a,
        b=b,
        shared=len(pairs),
        only_a=len(first) - len(pairs),
        only_b=len(second) - len(pairs),
        differences=tuple(_differences(*runs)),
        metrics=tuple(metrics),
        better=tuple(change for change in changes if change.weight > 0),
        worse=tuple(change for change in changes if change.weight < 0),
    )


def _change(before: Result, after: Result) -> Change:
    # Time is never twice the same, more quotes are not better, and what a question adds to the
    # refusal metrics its others say.
    gains = {
        name: gain
        for name, metric in METRICS.items()
        if metric.unit == "share"
        and not name.startswith("refusal")
        and (gain := _gain(metric, before, after))
    }
    # A verdict outweighs all metrics together.
    weight = sum((1 if gain > 0 else -1) for gain in gains.values())
    if verdict := gains.get("right"):
        weight += 2 * len(METRICS) * (1 if verdict > 0 else -1)
    names = tuple(name for name, gain in gains.items() if gain * weight > 0)
    was, now = (f"{result.status}, {_VERDICTS[result.is_right]}" for result in (before, after))
    return Change(before.key, before.question, was, now, names, weight)


def _gain(metric: Metric, before: Result, after: Result) -> float:
    """How much better a question makes the metric; 0.0 where one run does not define it.

    It is told by numerator less denominator: the question's mark but for a constant, or less
    the mistakes that it brings to a ratio.
    """
    a, b = metric.part(before), metric.part(after)
    if a is None or b is None:
        return 0.0
    return ((b[0] - b[1]) - (a[0] - a[1])) * (1 if metric.rises else -1)


def _metric(name: str, language: str, pairs: Sequence[Pair]) -> MetricComparison | None:
    """The comparison of one metric; None when it is not defined in both runs."""
    metric = METRICS[name]
    mine = [
        pair
        for pair in pairs
        if language in ("all", pair[0].language) and all(map(metric.part, pair))
    ]
    parts = np.array([[metric.part(result) for result in pair] for pair in mine], dtype=float)
    if metric.percent is not None or not mine or not parts[:, :, 1].any(axis=0).all():
        return None
    a, b = parts[:, 0], parts[:, 1]
    estimate = difference(a, b)
    p, test = p_value(a, b)
    gains = [(pair[0].key, _gain(metric, *pair)) for pair in mine]
    return MetricComparison(
        metric=name,
        language=language,
        n=len(mine),
        a=float(total(a)),
        b=float(total(b)),
        difference=estimate.value,
        low=estimate.low,
        high=estimate.high,
        p=p,
        test=test,
        better=tuple(key for key, gain in gains if gain > 0),
        worse=tuple(key for key, gain in gains if gain < 0),
    )


def _differences(a: EvaluationReport, b: EvaluationReport) -> Iterator[str]:
    """In what the runs differ besides their results, the weightiest first."""
    mine, theirs = (_made_with(run.about) for run in (a, b))
    for what in [*mine, *(theirs.keys() - mine.keys())]:
        if mine.get(what) != theirs.get(what):
            yield f"The {what} differs: {mine.get(what)} and {theirs.get(what)}."


def _made_with(about: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "file of questions": [str(file.get("sha256"))[:12] for file in about["sets"]]
    }
    made["build"] = about["build"].get("id")
    for name, what in (("settings", "setting"), ("versions", "version of")):
        # The id of the settings only sums up the others.
        shown = {key: value for key, value in about[name].items() if key != "id"}
        made |= {f"{what} {key}": value for key, value in sorted(shown.items())}
    return made | {"judge": about.get("judge"), "code": about.get("code")}


# ---- as text ----


def print_comparison(settings: Settings, a: Path, b: Path) -> None:
    """Print `compare` for a terminal of 100 columns."""
    for line in comparison_lines(compare(a, b)):
        print(line)


def comparison_lines(comparison: Comparison) -> Iterator[str]:
    """The comparison, table by table."""
    yield from (f"A  {comparison.a}", f"B  {comparison.b}")
    left_out = [
        f"; {count:,} only in {name}, left out"
        for count, name in ((comparison.only_a, "A"), (comparison.only_b, "B"))
        if count
    ]
    yield f"{comparison.shared:,} questions in both{''.join(left_out)}."
    if comparison.differences:
        yield from ("", "Warning: the runs differ in more than their results.")
        for sentence in comparison.differences:
            yield from textwrap.wrap(f"  - {sentence}", WIDTH, subsequent_indent="    ")
    for language in dict.fromkeys(metric.language for metric in comparison.metrics):
        metrics = [metric for metric in comparison.metrics if metric.language == language]
        head = (LANGUAGE_NAMES[language], *"n A B B-A 95% p better worse".split())
        yield ""
        yield from table([head, *map(_cells, metrics)])
        yield from textwrap.wrap(_verdict(metrics), WIDTH)
    for title, changes in (("better", comparison.better), ("worse", comparison.worse)):
        yield from ("", f"Questions that got {title} in B: {len(changes):,}")
        for change in changes[:_LISTED]:
            yield cut(f"  {'/'.join(change.key)}  {' '.join(change.question.split())}")
            names = ", ".join(METRICS[name].name for name in change.metrics)
            yield cut(f"      {change.before} → {change.after}: {names}")
        if len(changes) > _LISTED:
            yield f"  … and {len(changes) - _LISTED:,} more."


def _cells(found: MetricComparison) -> tuple[str, ...]:
    metric, star = METRICS[found.metric], "*" if found.p < SIGNIFICANT else " "
    return (
        metric.name,
        f"{found.n:,}",
        metric.shown(found.a),
        metric.shown(found.b),
        metric.shown(found.difference, sign="+"),
        metric.range_shown(found.low, found.high, sign="+"),
        ("<0.001" if found.p < 0.001 else f"{found.p:.3f}") + star,
        f"{len(found.better):,}",
        f"{len(found.worse):,}",
    )


def _verdict(metrics: Sequence[MetricComparison]) -> str:
    """What is significant and what is not, in words."""
    if not any(metric.better or metric.worse for metric in metrics):
        return "No metric differs at all."
    told = [
        f"{METRICS[m.metric].name} is "
        f"{'better' if (m.difference > 0) == METRICS[m.metric].rises else 'worse'} in B"
        for m in metrics
        if m.p < SIGNIFICANT
    ]
    if not told:
        return f"Nothing is significant (p < {SIGNIFICANT}): chance makes differences as large."
    return (
        f"* Significant (p < {SIGNIFICANT}): {'; '.join(told)}. The others are not: chance makes "
        f"differences as large. Of {len(metrics)} tests, about {SIGNIFICANT * len(metrics):.0f} "
        "would come out significant by chance."
    )
