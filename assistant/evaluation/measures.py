"""What one question adds to each metric in which two runs are compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .results import SCORES, Result
from .verdicts import is_right

# Numerator and denominator; None where the question does not define the metric.
Part = tuple[float, float]
Measure = Callable[[Result], Part | None]


def gain_of(measure: Measure, before: Result, after: Result) -> float:
    """How much more a question adds to the metric; 0.0 where one run does not define it.

    What it adds is numerator less denominator: its mark but for a constant, or less the mistakes
    that it brings to a ratio.
    """
    a, b = measure(before), measure(after)
    return 0.0 if a is None or b is None else (b[0] - b[1]) - (a[0] - a[1])


def _mark(value: float | None) -> Part | None:
    return None if value is None else (float(value), 1.0)


def _score(name: str) -> Measure:
    return lambda result: _mark(result.scores[name])


def _unanswered(among: Callable[[Result], bool]) -> Measure:
    return lambda result: _mark(result.status != "answered") if among(result) else None


def _refused(result: Result) -> Part | None:
    return _mark(result.status == "refused") if result.answerable else None


def _refusal_f1(result: Result) -> Part:
    """F1 is 2 · true positives / (all found + all wanted); what is wanted is no answer."""
    found, wanted = result.status != "answered", not result.answerable
    return 2.0 * (found and wanted), float(found) + float(wanted)


def _quotes_valid(result: Result) -> Part | None:
    quotes = result.scores["quotes"]
    return (result.scores["quotes_valid"] or 0.0, quotes) if quotes else None


MEASURES: Mapping[str, Measure] = {
    "right": lambda result: _mark(is_right(result)),
    **{
        name: _score(name)
        for name in ("contains", "exact", "f1", "judge", *SCORES)
        if name not in ("quotes", "quotes_valid", "latency_ms")
    },
    "quotes_valid": _quotes_valid,
    "near_miss_recall": _unanswered(lambda r: not r.answerable and r.near_miss),
    "far_recall": _unanswered(lambda r: not r.answerable and not r.near_miss),
    "refusal_f1": _refusal_f1,
    "false_refusals": _unanswered(lambda r: r.answerable),
    "refused_outright": _refused,
    "latency_ms": _score("latency_ms"),
}
