"""From results to groups: every metric per language and kind, with its confidence interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ..types import LANGUAGES, Language
from .results import Result

Numbers = npt.NDArray[np.float64]
# Scores of which a group has the mean; the others have a metric of their own below.
_MEANS = (
    "recall@1 recall@3 recall@6 mrr ndcg@6 exact f1 contains citation_precision citation_recall "
    "quotes language_ok judge"
).split()
_RATIOS = (
    "quotes_valid refusal_precision refusal_recall refusal_f1 near_miss_precision "
    "near_miss_recall far_recall false_refusals refused_outright"
).split()
_LATENCY = {"latency_ms_p50": 50, "latency_ms_p95": 95}
METRICS = (*_MEANS, *_RATIOS, *_LATENCY)
OUTCOMES = ("answered", "partial", "refused", "error")

RESAMPLES = 1_000
_SEED = 20_150_311
# Numbers held at once while resampling: 32 MB.
_CHUNK = 4_000_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric with its 95 % confidence interval; n is how many questions it rests on."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Group:
    """The metrics of the questions of one language and kind ("all": whichever).

    metrics: those of METRICS that are defined here. outcomes: for answerable, near_miss and far
    questions, how many ended as each of OUTCOMES.
    """

    language: Language | Literal["all"]
    kind: str
    questions: int
    metrics: Mapping[str, Estimate]
    outcomes: Mapping[str, Mapping[str, int]]

    def to_dict(self) -> dict[str, Any]:
        """The group as plain values, ready for JSON."""
        return asdict(self)


def summarise(results: Sequence[Result]) -> tuple[Group, ...]:
    """All groups of some results: all of them, each language, and each kind within these.

    The same results in the same order give the same intervals.
    """
    parts = [_parts(result) for result in results]
    kinds = sorted({result.kind for result in results} - {"", "all"})
    groups = []
    for language in ("all", *LANGUAGES):
        for kind in ("all", *kinds):
            places = [
                i
                for i, result in enumerate(results)
                if language in ("all", result.language) and kind in ("all", result.kind)
            ]
            if places:
                mine = [results[i] for i in places]
                metrics = _estimates(mine, [parts[i] for i in places])
                groups.append(Group(language, kind, len(mine), metrics, _outcomes(mine)))
    return tuple(groups)


def _outcomes(results: Sequence[Result]) -> dict[str, dict[str, int]]:
    counts = {
        answerability: dict.fromkeys(OUTCOMES, 0)
        for answerability in ("answerable", "near_miss", "far")
    }
    for result in results:
        counts[answerability(result)][result.status] += 1
    return counts


def answerability(result: Result) -> Literal["answerable", "near_miss", "far"]:
    """Whether the sources answer the question, come near, or have nothing to do with it."""
    if result.answerable:
        return "answerable"
    return "near_miss" if result.near_miss else "far"


def _parts(result: Result) -> dict[str, tuple[float, float]]:
    """What a question adds to numerator and denominator of every metric but latency."""
    scores = result.scores
    parts = {name: (value, 1.0) for name in _MEANS if (value := scores.get(name)) is not None}
    held = result.status != "answered"
    what = answerability(result)
    parts["quotes_valid"] = (scores.get("quotes_valid") or 0.0, scores.get("quotes") or 0.0)
    parts["refusal_precision"] = _of(what != "answerable", held)
    parts["refusal_recall"] = _of(held, what != "answerable")
    # 2 · rightly held / (held + to be held).
    parts["refusal_f1"] = (2 * parts["refusal_recall"][0], held + parts["refusal_recall"][1])
    parts["near_miss_precision"] = _of(what == "near_miss", held and what != "far")
    parts["near_miss_recall"] = _of(held, what == "near_miss")
    parts["far_recall"] = _of(held, what == "far")
    parts["false_refusals"] = _of(held, what == "answerable")
    parts["refused_outright"] = _of(result.status == "refused", what == "answerable")
    return parts


def _of(counted: bool, among: bool) -> tuple[float, float]:
    return float(counted and among), float(among)


def _estimates(
    results: Sequence[Result], parts: Sequence[Mapping[str, tuple[float, float]]]
) -> dict[str, Estimate]:
    held_back = any(not result.answerable for result in results)
    near = any(result.near_miss for result in results)
    # Where nothing is to be held back, nothing can be held back rightly.
    undefined = {"refusal_precision", "refusal_f1"} if not held_back else set()
    undefined |= {"near_miss_precision"} if not near else set()
    counted = {name for part in parts for name, (_, lower) in part.items() if lower > 0}
    names = [name for name in (*_MEANS, *_RATIOS) if name in counted - undefined]
    table = np.array([[part.get(name, (0.0, 0.0)) for name in names] for part in parts])
    upper, lower = table[:, :, 0], table[:, :, 1]
    values = upper.sum(axis=0) / lower.sum(axis=0)
    ratios = _resampled_ratios(upper, lower)
    return _named(names, values, ratios, (lower > 0).sum(axis=0)) | _latencies(results)


def _latencies(results: Sequence[Result]) -> dict[str, Estimate]:
    times = np.array([t for r in results if (t := r.scores.get("latency_ms")) is not None])
    if not times.size:
        return {}
    percents = list(_LATENCY.values())
    generator = np.random.default_rng(_SEED)
    draws = (generator.integers(0, times.size, (n, times.size)) for n in _chunks(times.size))
    resampled = np.concatenate([np.percentile(times[draw], percents, axis=1).T for draw in draws])
    counts = np.full(len(percents), times.size)
    return _named(list(_LATENCY), np.percentile(times, percents), resampled, counts)


def _named(
    names: Sequence[str], values: Numbers, resampled: Numbers, counts: npt.NDArray[np.int64]
) -> dict[str, Estimate]:
    """An estimate for each name; `resampled` has the shape (RESAMPLES, names)."""
    lows, highs = np.nanpercentile(resampled, [2.5, 97.5], axis=0)
    return {
        name: Estimate(float(values[i]), float(lows[i]), float(highs[i]), int(counts[i]))
        for i, name in enumerate(names)
    }


def _resampled_ratios(upper: Numbers, lower: Numbers) -> Numbers:
    """Each metric in each resample of the questions, NaN where its denominator is 0.

    Both inputs have the shape (questions, metrics), the result (RESAMPLES, metrics).
    """
    generator = np.random.default_rng(_SEED)
    count = len(upper)
    ratios = []
    for rows in _chunks(count):
        # How often each question is drawn; numerators and denominators go together.
        drawn = generator.multinomial(count, np.full(count, 1 / count), size=rows)
        totals = drawn @ lower
        ratios.append(
            np.divide(drawn @ upper, totals, out=np.full_like(totals, np.nan), where=totals > 0)
        )
    return np.concatenate(ratios)


def _chunks(count: int) -> list[int]:
    """How many resamples of `count` questions to draw at a time."""
    size = max(1, min(RESAMPLES, _CHUNK // count))
    return [min(size, RESAMPLES - start) for start in range(0, RESAMPLES, size)]
