"""Tests and intervals for two runs over the same questions, which are their pairs.

A metric is a sum of numerators over a sum of denominators, one of each for every question: for
a mean the denominators are 1, for a ratio such as F1 they are not. Parts have the shape
(questions, 2): numerators, denominators.
Definitions: Dror et al., The Hitchhiker's Guide to Testing Statistical Significance in NLP, 2018.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Parts = npt.NDArray[np.float64]
# As many swaps are tried at random; up to 13 changed questions have fewer, and all are tried.
_SWAPS = 9_999
_RESAMPLES = 1_000
_SEED = 20_150_311
# Numbers held at once while resampling: 32 MB.
_CHUNK = 4_000_000


def mcnemar(up: int, down: int) -> float:
    """Two-sided p of McNemar's exact test: `up` questions went from 0 to 1, `down` back."""
    if not up + down:
        return 1.0
    from scipy.stats import binomtest

    return float(binomtest(up, up + down, 0.5).pvalue)


def permutation(a: Parts, b: Parts) -> float:
    """Two-sided p of the paired permutation test that both runs have the same metric.

    The runs are swapped question by question; the same parts always give the same p.
    """
    changed = (a != b).any(axis=1)
    # With one changed question, both swaps are equally far from no difference.
    if changed.sum() < 2:
        return 1.0
    from scipy.stats import permutation_test

    # A question that did not change is the same however it is swapped: only its sum counts.
    constant = a[~changed].sum(axis=0)
    parts, count = np.concatenate([a[changed], b[changed]]), int(changed.sum())

    def difference(x: Parts, y: Parts, axis: int) -> Parts:
        sums = [parts[places.astype(int)].sum(axis=axis - 1) + constant for places in (x, y)]
        return ratio(sums[1]) - ratio(sums[0])

    done = permutation_test(
        (np.arange(count), np.arange(count, 2 * count)),
        difference,
        permutation_type="samples",
        vectorized=True,
        n_resamples=_SWAPS,
        batch=max(1, _CHUNK // (4 * count)),
        axis=-1,
        rng=np.random.default_rng(_SEED),
    )
    return float(done.pvalue)


def interval(a: Parts, b: Parts) -> tuple[float, float]:
    """95 % percentile interval of the metric's b − a, from a bootstrap over questions."""
    generator, count = np.random.default_rng(_SEED), len(a)
    rows = max(1, min(_RESAMPLES, _CHUNK // count))
    differences = []
    for start in range(0, _RESAMPLES, rows):
        # How often each question is drawn, the same for both runs.
        drawn = generator.multinomial(
            count, np.full(count, 1 / count), size=min(rows, _RESAMPLES - start)
        )
        differences.append(ratio(drawn @ b) - ratio(drawn @ a))
    low, high = np.percentile(np.concatenate(differences), [2.5, 97.5])
    return float(low), float(high)


def ratio(sums: Parts) -> Parts:
    """Numerators over denominators, along the last axis; 0 where there is nothing to divide by."""
    upper, lower = sums[..., 0], sums[..., 1]
    divided: Parts = np.divide(upper, lower, out=np.zeros_like(upper, dtype=float), where=lower > 0)
    return divided
