"""Shares, ratios and AUROC with 95 % percentile bootstrap intervals, and how they print."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .summary import RESAMPLES, Estimate

Numbers = npt.NDArray[np.float64]
_SEED = 20_150_311


def share(counted: Sequence[float]) -> Estimate | None:
    """The mean of marks from 0.0 to 1.0; None when there are none."""
    return ratio(counted, [1.0] * len(counted))


def ratio(above: Sequence[float], below: Sequence[float]) -> Estimate | None:
    """Sum of `above` over sum of `below`, an entry of each for every question.

    Both are resampled together; n counts the questions that add to `below`. None where the
    ratio is undefined.
    """
    upper, lower = np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64)
    if not lower.sum():
        return None
    drawn = _drawn(len(lower), _SEED)
    totals = drawn @ lower
    resampled = np.full(RESAMPLES, np.nan)
    np.divide(drawn @ upper, totals, out=resampled, where=totals > 0)
    return _estimate(upper.sum() / lower.sum(), resampled, int((lower > 0).sum()))


def auroc(positive: Sequence[float], negative: Sequence[float], *, paired: bool) -> Estimate | None:
    """How often a positive's score lies above a negative's, ties counted half; 0.5 is chance.

    paired: positive[i] and negative[i] belong to one question and are resampled together.
    n counts the positives. None when either is empty.
    """
    high, low = np.asarray(positive, dtype=np.float64), np.asarray(negative, dtype=np.float64)
    if not (high.size and low.size):
        return None
    above = (high[:, None] > low) + 0.5 * (high[:, None] == low)
    drawn = _drawn(high.size, _SEED)
    others = drawn if paired else _drawn(low.size, _SEED + 1)
    resampled = ((drawn @ above) * others).sum(axis=1) / (high.size * low.size)
    return _estimate(float(above.mean()), resampled, high.size)


def percent(estimate: Estimate | None) -> str:
    """An estimate as a table prints it, in per cent: "86.1 [83.9, 88.2]"; "–" for None."""
    if estimate is None:
        return "–"
    value, low, high = (100 * number for number in (estimate.value, estimate.low, estimate.high))
    return f"{value:.1f} [{low:.1f}, {high:.1f}]"


def _drawn(count: int, seed: int) -> Numbers:
    """How often each of `count` questions is drawn, shape (RESAMPLES, count)."""
    generator = np.random.default_rng(seed)
    drawn: Numbers = generator.multinomial(count, np.full(count, 1 / count), size=RESAMPLES).astype(
        np.float64
    )
    return drawn


def _estimate(value: float, resampled: Numbers, count: int) -> Estimate:
    low, high = np.nanpercentile(resampled, [2.5, 97.5])
    return Estimate(float(value), float(low), float(high), count)
