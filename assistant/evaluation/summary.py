"""Metrics of groups of results with confidence intervals, and tests between two runs.

Each metric is a sum of numerators over a sum of denominators, one of each for every question
that defines it: for a mean the denominators are 1, for a ratio such as F1 they are not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ..errors import AssistantError
from ..types import LANGUAGES, Language
from .score import Result

Numbers = npt.NDArray[np.float64]
Part = tuple[float, float]
OUTCOMES = ("answered", "partial", "refused", "error")
LANGUAGE_NAMES = {"en": "English", "zh": "Chinese", "all": "Both languages"}
# 1,000 resamples place the ends of an interval to a tenth of its width; 9,999 swaps make a p
# of 0.05 good to 0.004. The seed is any: the same results must give the same figures.
RESAMPLES, _SWAPS, _SEED = 1_000, 9_999, 20_150_311
# Numbers that scipy holds at once while resampling: 32 MB.
_AT_ONCE = 4_000_000


@dataclass(frozen=True, slots=True)
class Metric:
    """How a metric is counted and shown.

    part: what a question adds to numerator and denominator, None where it does not define the
    metric. needs: of what there must be a question for the metric to mean anything. unit:
    "share" is shown as a percentage, "ms" as milliseconds, "count" as a number. rises: higher
    is better. percent: which percentile of the parts it is, None for their ratio.
    """

    name: str
    explains: str
    part: Callable[[Result], Part | None]
    rises: bool = True
    unit: Literal["share", "ms", "count"] = "share"
    needs: Callable[[Result], bool] = lambda result: True
    percent: int | None = None

    def shown(self, value: float, *, sign: str = "") -> str:
        """A value as a reader wants it: "86.7 %" or "41 ms"."""
        if self.unit == "share":
            unit = "pp" if sign else "%"
            return "100 %" if value == 1 and not sign else f"{100 * value:{sign}.1f} {unit}"
        return f"{value:{sign},.0f} ms" if self.unit == "ms" else f"{value:{sign}.2f}"

    def range_shown(self, low: float, high: float, *, sign: str = "") -> str:
        """An interval without its unit, such as "75.0–95.6"."""
        scale, digits = {"share": (100, 1), "ms": (1, 0), "count": (1, 2)}[self.unit]
        return "–".join(f"{scale * end:{sign},.{digits}f}" for end in (low, high))


def _score(name: str) -> Callable[[Result], Part | None]:
    def part(result: Result) -> Part | None:
        score = result.scores[name]
        return None if score is None else (score, 1.0)

    return part


def _share(
    counted: Callable[[Result], bool | None], among: Callable[[Result], bool] = lambda result: True
) -> Callable[[Result], Part | None]:
    def part(result: Result) -> Part | None:
        mark = counted(result) if among(result) else None
        return None if mark is None else (float(mark), 1.0)

    return part


def _held(result: Result) -> bool:
    return result.status != "answered"


def _unanswerable(result: Result) -> bool:
    return not result.answerable


def _near(result: Result) -> bool:
    return result.answerability == "near_miss"


def _refusal_f1(result: Result) -> Part:
    """F1 is 2 · true positives / (all found + all wanted); what is wanted is no answer."""
    held, wanted = _held(result), _unanswerable(result)
    return 2.0 * (held and wanted), float(held + wanted)


def _quotes_valid(result: Result) -> Part:
    return result.scores["quotes_valid"] or 0.0, result.scores["quotes"] or 0.0


# In the order of every table.
METRICS: Mapping[str, Metric] = {
    "right": Metric(
        "Right", "Answered right, or rightly left unanswered.", _share(lambda r: r.is_right)
    ),
    "contains": Metric("Right answer", "A gold answer stands in the answer.", _score("contains")),
    "exact": Metric("Exact answer", "The short answer equals a gold answer.", _score("exact")),
    "f1": Metric("Answer F1", "Words (Chinese: characters) of a gold answer.", _score("f1")),
    "judge": Metric("Judge", "Marks of the model that judged the answers.", _score("judge")),
    "citation_recall": Metric(
        "Evidence cited", "Gold evidence that is quoted.", _score("citation_recall")
    ),
    "citation_precision": Metric(
        "Citation precision", "Quotes that are gold evidence.", _score("citation_precision")
    ),
    "quotes_valid": Metric("Quotes valid", "Quotes that are slices of a source.", _quotes_valid),
    "language_ok": Metric(
        "Language kept", "Lines in the language that is due.", _score("language_ok")
    ),
    "recall@1": Metric("Recall@1", "Gold evidence in the first hit.", _score("recall@1")),
    "recall@3": Metric("Recall@3", "Gold evidence in the first three hits.", _score("recall@3")),
    "recall@6": Metric("Recall@6", "Gold evidence in the first six hits.", _score("recall@6")),
    "mrr": Metric("MRR", "1 / the rank of the first hit with gold evidence.", _score("mrr")),
    "ndcg@6": Metric("nDCG@6", "How high the hits with gold evidence stand.", _score("ndcg@6")),
    "near_miss_recall": Metric(
        "Near misses refused", "Unanswerable, though the sources come near.", _share(_held, _near)
    ),
    "near_miss_precision": Metric(
        "Near-miss precision",
        "Unanswered questions that were near misses.",
        _share(_near, lambda r: _held(r) and r.answerability != "far"),
        needs=_near,
    ),
    "far_recall": Metric(
        "Far ones refused",
        "Unanswerable, and the sources are far off.",
        _share(_held, lambda r: r.answerability == "far"),
    ),
    "refusal_recall": Metric(
        "Unanswerable refused", "Unanswerable and not answered.", _share(_held, _unanswerable)
    ),
    "refusal_precision": Metric(
        "Refusal precision",
        "Not answered and unanswerable.",
        _share(_unanswerable, _held),
        needs=_unanswerable,
    ),
    "refusal_f1": Metric(
        "Refusal F1", "Precision and recall of not answering.", _refusal_f1, needs=_unanswerable
    ),
    "false_refusals": Metric(
        "Wrongly unanswered",
        "Answerable, but not answered.",
        _share(_held, lambda r: r.answerable),
        rises=False,
    ),
    "refused_outright": Metric(
        "Wrongly refused",
        "Answerable, but refused outright.",
        _share(lambda r: r.status == "refused", lambda r: r.answerable),
        rises=False,
    ),
    "quotes": Metric("Quotes", "How many an answer has.", _score("quotes"), unit="count"),
} | {
    f"latency_ms{name}": Metric(
        f"Time, {words}", "From question to answer.", _score("latency_ms"), False, "ms", percent=p
    )
    for name, words, p in (("", "mean", None), ("_p50", "median", 50), ("_p95", "95 %", 95))
}


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


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """A finished run.

    results: one for each question, in the order of the sets. groups: see `summarise`.
    directory: where it is kept (None when nothing was written). about: what metrics.json says of
    the run besides groups. reused: how many of the results an earlier start had left.
    """

    results: tuple[Result, ...]
    groups: tuple[Group, ...]
    directory: Path | None
    about: Mapping[str, Any]
    reused: int = 0

    def metric(self, name: str, language: str = "all", kind: str = "all") -> Estimate:
        """A metric of the questions of one language and kind.

        Raises AssistantError when there is no such metric, no such question, or no value.
        """
        if name not in METRICS:
            raise AssistantError(f"There is no metric {name!r}. They are: {', '.join(METRICS)}.")
        for group in self.groups:
            if (group.language, group.kind) == (language, kind) and name in group.metrics:
                return group.metrics[name]
        raise AssistantError(
            f"{name} has no value for language {language!r} and kind {kind!r}: no question of "
            "theirs defines it."
        )

    def to_dict(self) -> dict[str, Any]:
        """What metrics.json holds, as plain values; the results are rows of their own."""
        return {**self.about, "groups": [asdict(group) for group in self.groups]}


def summarise(results: Sequence[Result]) -> tuple[Group, ...]:
    """All groups of some results: all of them, each language, and each kind within these.

    The same results in the same order give the same intervals.
    """
    kinds = sorted({result.kind for result in results} - {"", "all"})
    groups = []
    for language in ("all", *LANGUAGES):
        for kind in ("all", *kinds):
            mine = [
                result
                for result in results
                if language in ("all", result.language) and kind in ("all", result.kind)
            ]
            if mine:
                groups.append(Group(language, kind, len(mine), dict(_metrics(mine)), _ends(mine)))
    return tuple(groups)


def _ends(results: Sequence[Result]) -> dict[str, dict[str, int]]:
    counts = {name: dict.fromkeys(OUTCOMES, 0) for name in ("answerable", "near_miss", "far")}
    for result in results:
        counts[result.answerability][result.status] += 1
    return counts


def _metrics(results: Sequence[Result]) -> Iterator[tuple[str, Estimate]]:
    for name, metric in METRICS.items():
        parts = [part for result in results if (part := metric.part(result))]
        if parts and any(map(metric.needs, results)):
            above, below = zip(*parts, strict=True)
            estimate = ratio(above, below, percent=metric.percent)
            if estimate:
                yield name, estimate


# ---- estimates ----


def share(counted: Sequence[float]) -> Estimate | None:
    """The mean of marks from 0.0 to 1.0; None when there are none."""
    return ratio(counted, [1.0] * len(counted))


def ratio(
    above: Sequence[float], below: Sequence[float], *, percent: int | None = None
) -> Estimate | None:
    """Sum of `above` over sum of `below`, an entry of each for every question.

    Both are resampled together; n counts the questions that add to `below`. None where the
    ratio is undefined. percent: that percentile of `above` instead.
    """
    parts = np.array([above, below], dtype=np.float64)
    parts = parts[:, parts[1] > 0]

    def value(upper: Numbers, lower: Numbers, axis: int = -1) -> Numbers:
        if percent is not None:
            return np.asarray(np.percentile(upper, percent, axis=axis))
        return np.asarray(upper.sum(axis=axis) / lower.sum(axis=axis))

    return _estimate(value, *parts) if parts.size else None


def percent(estimate: Estimate | None) -> str:
    """An estimate as a table prints it, in per cent: "86.1 [83.9, 88.2]"; "–" for None."""
    if estimate is None:
        return "–"
    value, low, high = (100 * number for number in (estimate.value, estimate.low, estimate.high))
    return f"{value:.1f} [{low:.1f}, {high:.1f}]"


def _estimate(value: Callable[..., Numbers], *samples: Numbers) -> Estimate:
    """A statistic of samples with its percentile interval from a bootstrap."""
    from scipy.stats import bootstrap

    found, count = float(value(*samples)), len(samples[0])
    # One question has no spread, nor have questions that are all alike.
    if count < 2 or all((sample == sample[0]).all() for sample in samples):
        return Estimate(found, found, found, count)
    low, high = bootstrap(
        samples,
        value,
        paired=True,
        n_resamples=RESAMPLES,
        batch=max(1, _AT_ONCE // count),
        vectorized=True,
        method="percentile",
        rng=np.random.default_rng(_SEED),
    ).confidence_interval
    return Estimate(found, float(low), float(high), count)


# ---- two runs over the same questions; parts have the shape (questions, 2) ----


def total(parts: Numbers) -> Numbers:
    """The metric of some questions: their numerators over their denominators."""
    return _divided(parts.sum(axis=0))


def difference(a: Numbers, b: Numbers) -> Estimate:
    """The metric's b − a, with an interval from a bootstrap over the questions."""

    def value(*samples: Numbers, axis: int = -1) -> Numbers:
        sums = np.stack([sample.sum(axis=axis) for sample in samples], axis=-1)
        return _divided(sums[..., 2:]) - _divided(sums[..., :2])

    return _estimate(value, *a.T, *b.T)


def p_value(a: Numbers, b: Numbers) -> tuple[float, str]:
    """Two-sided p that both runs have the same metric, and the name of the paired test.

    Marks of 0 and 1 are tested by McNemar's exact test, everything else by a permutation test
    that swaps the runs question by question. Definitions: Dror et al., The Hitchhiker's Guide
    to Testing Statistical Significance in NLP, 2018.
    """
    from scipy.stats import binomtest, permutation_test

    values, weights = np.concatenate([a, b]).T
    # What a question adds to a ratio beyond its denominator's share: for a mean, its mark.
    before, after = (parts[:, 0] - values.sum() / weights.sum() * parts[:, 1] for parts in (a, b))
    changed = ~np.isclose(before, after)
    count = int(changed.sum())
    if (weights == 1).all() and np.isin(values, (0, 1)).all():
        up = int((after > before).sum())
        return float(binomtest(up, count).pvalue) if count else 1.0, "McNemar"
    # With one changed question, both swaps are equally far from no difference.
    if count < 2:
        return 1.0, "permutation"
    # A question that did not change is the same however it is swapped.
    done = permutation_test(
        (before[changed], after[changed]),
        lambda x, y, axis: (y - x).sum(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=_SWAPS,
        batch=max(1, _AT_ONCE // count),
        rng=np.random.default_rng(_SEED),
    )
    return float(done.pvalue), "permutation"


def _divided(sums: Numbers) -> Numbers:
    """Numerators over denominators, along the last axis; 0 where there is nothing to divide by."""
    upper, lower = sums[..., 0], sums[..., 1]
    divided: Numbers = np.divide(upper, lower, out=np.zeros_like(upper), where=lower > 0)
    return divided
