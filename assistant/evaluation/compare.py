"""Two runs over the same questions: what differs, and which differences are more than chance.

Every figure is over the questions that both runs hold. Tests are paired: a metric that is 0 or 1
for each question is tested by McNemar's exact test (the sign test on the questions that
changed), every other one by a permutation test that swaps the runs question by question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..errors import AssistantError
from .labels import label_of
from .measures import MEASURES, gain_of
from .paired import Parts, interval, mcnemar, permutation, ratio
from .results import Key, Result
from .saved_run import SavedRun, read_run
from .verdicts import is_right

Test = Literal["McNemar", "permutation"]
# A difference is called significant when chance alone makes one as large less often than this.
SIGNIFICANT = 0.05
# A question is not listed for these: time is never twice the same, and what it adds to F1 its
# other metrics say.
_UNCOUNTED = ("latency_ms", "refusal_f1")


@dataclass(frozen=True, slots=True)
class MetricComparison:
    """One metric in both runs, over the `n` questions of a language that define it in both.

    a, b: means. difference: b − a, with its 95 % interval from a paired bootstrap. p: of the
    two-sided test, 0.0 to 1.0. better, worse: questions where b is better or worse than a,
    whichever direction is the good one.
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
    test: Test
    better: tuple[Key, ...]
    worse: tuple[Key, ...]

    @property
    def significant(self) -> bool:
        """Whether p is below SIGNIFICANT."""
        return self.p < SIGNIFICANT


@dataclass(frozen=True, slots=True)
class Change:
    """A question that came out differently; metrics: those that made it better, or worse."""

    key: Key
    question: str
    language: str
    before: str
    after: str
    metrics: tuple[str, ...]


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
    first, second = ({_identity(result): result for result in run.results} for run in runs)
    pairs = [(first[identity], second[identity]) for identity in first if identity in second]
    if not pairs:
        raise AssistantError(
            f"{a} and {b} have no question in common, so there is nothing to compare. "
            "Run both on the same set."
        )
    languages = sorted({result.language for result, _ in pairs})
    metrics = []
    for language in [*languages, *(["all"] if len(languages) > 1 else [])]:
        mine = [pair for pair in pairs if language in ("all", pair[0].language)]
        metrics += [found for name in MEASURES if (found := _metric(name, language, mine))]
    better, worse = _changes(pairs)
    return Comparison(
        a=a,
        b=b,
        shared=len(pairs),
        only_a=len(first) - len(pairs),
        only_b=len(second) - len(pairs),
        differences=tuple(_differences(*runs)),
        metrics=tuple(metrics),
        better=better,
        worse=worse,
    )


def print_comparison(a: Path, b: Path) -> None:
    """Print `compare` for a terminal of 100 columns."""
    from .comparison_text import comparison_lines

    for line in comparison_lines(compare(a, b)):
        print(line)


def _identity(result: Result) -> tuple[object, ...]:
    """Two results are of the same question when its words are the same, too."""
    return (*result.key, result.question, result.history)


def _metric(
    name: str, language: str, pairs: Sequence[tuple[Result, Result]]
) -> MetricComparison | None:
    """The comparison of one metric; None when it is not defined in both runs."""
    measure, rises = MEASURES[name], label_of(name).rises
    keys, parts = [], []
    for before, after in pairs:
        mine, theirs = measure(before), measure(after)
        if mine is not None and theirs is not None:
            keys.append((before.key, gain_of(measure, before, after) * (1 if rises else -1)))
            parts.append((mine, theirs))
    a, b = (np.array([pair[i] for pair in parts], dtype=float).reshape(-1, 2) for i in (0, 1))
    if not (a[:, 1].any() and b[:, 1].any()):
        return None
    first, second = (float(ratio(each.sum(axis=0))) for each in (a, b))
    low, high = interval(a, b)
    p, test = _tested(a, b)
    return MetricComparison(
        metric=name,
        language=language,
        n=len(keys),
        a=first,
        b=second,
        difference=second - first,
        low=low,
        high=high,
        p=p,
        test=test,
        better=tuple(key for key, gain in keys if gain > 0),
        worse=tuple(key for key, gain in keys if gain < 0),
    )


def _tested(a: Parts, b: Parts) -> tuple[float, Test]:
    values, weights = np.concatenate([a, b]).T
    if (weights == 1).all() and np.isin(values, (0, 1)).all():
        up, down = (int((x > y).sum()) for x, y in ((b[:, 0], a[:, 0]), (a[:, 0], b[:, 0])))
        return mcnemar(up, down), "McNemar"
    return permutation(a, b), "permutation"


# ---- what changed ----


def _changes(
    pairs: Sequence[tuple[Result, Result]],
) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """The questions that got better and those that got worse.

    A changed verdict decides; without one, whether more metrics rose or fell.
    """
    found: dict[bool, list[tuple[int, Change]]] = {True: [], False: []}
    for before, after in pairs:
        gains = {
            name: gain * (1 if label_of(name).rises else -1)
            for name, measure in MEASURES.items()
            if name not in _UNCOUNTED and (gain := gain_of(measure, before, after))
        }
        balance = sum(1 if gain > 0 else -1 for gain in gains.values())
        # A verdict outweighs all metrics together.
        weight = balance + int(np.sign(gains.get("right", 0))) * 2 * len(MEASURES)
        if weight:
            names = tuple(name for name, gain in gains.items() if (gain > 0) == (weight > 0))
            change = Change(
                before.key, before.question, before.language, _told(before), _told(after), names
            )
            found[weight > 0].append((abs(weight), change))
    better, worse = (
        tuple(change for _, change in sorted(found[up], key=lambda pair: -pair[0]))
        for up in (True, False)
    )
    return better, worse


def _told(result: Result) -> str:
    """What became of a question, such as "answered, wrong" or "refused"."""
    right = {True: "right", False: "wrong", None: "not judged"}[is_right(result)]
    return f"{result.status}, {right}"


def _differences(a: SavedRun, b: SavedRun) -> list[str]:
    """In what the runs differ besides their results, the weightiest first."""
    found = []
    hashes = [{s.get("sha256") for s in run.metrics.get("sets") or []} for run in (a, b)]
    if hashes[0] != hashes[1]:
        found.append("The sets differ: their files are not the same.")
    if a.build != b.build:
        found.append(f"The builds differ: {a.build} and {b.build}.")
    for name, title in (("settings", "setting"), ("versions", "version of")):
        mine, theirs = (run.metrics.get(name) or {} for run in (a, b))
        # The id of the settings only sums up the others.
        for key in sorted({*mine, *theirs} - {"id"}):
            found += _differs(f"The {title} {key}", mine.get(key), theirs.get(key))
    found += _differs("The judge", a.metrics.get("judge"), b.metrics.get("judge"))
    return found + _differs("The code", a.metrics.get("code"), b.metrics.get("code"))


def _differs(what: str, mine: Any, theirs: Any) -> list[str]:
    return [] if mine == theirs else [f"{what} differs: {mine} and {theirs}."]
