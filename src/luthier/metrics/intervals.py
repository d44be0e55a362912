"""Bootstrap intervals (Efron and Tibshirani 1993): percentiles over resampled rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from luthier.metrics.measures import Estimate

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SEED = 20_260_101
"""Resamples are the same for every model, so that intervals of two models compare."""


def resample_counts(counts: Ints, resamples: int) -> Ints:
    """Bootstrap of a table of counts: (resamples, and the shape of counts).

    Drawing n rows with replacement gives cells a multinomial distribution with the
    observed shares, so tables can be drawn without touching rows.
    """
    total = int(counts.sum())
    drawn = np.random.default_rng(SEED).multinomial(total, counts.ravel() / total, size=resamples)
    return drawn.reshape(resamples, *counts.shape)


def resample_rows(
    n: int, resamples: int, statistic: Callable[[Ints], Mapping[str, float]]
) -> dict[str, Floats]:
    """Bootstrap of statistics of row indices: name to (resamples,) values."""
    random = np.random.default_rng(SEED)
    drawn = [statistic(random.integers(0, n, n)) for _ in range(resamples)]
    return {name: np.array([d[name] for d in drawn]) for name in drawn[0]} if drawn else {}


def resample_means(terms: Floats, resamples: int) -> Floats:
    """Bootstrap of the mean over rows: terms (rows,) or (rows, k) to (resamples,) or (.., k)."""
    n = len(terms)
    random = np.random.default_rng(SEED)
    means = [
        random.multinomial(n, np.full(n, 1 / n)).astype(np.float64) @ terms / n
        for _ in range(resamples)
    ]
    return np.array(means)


def interval(value: float, drawn: Floats | None, confidence: float) -> Estimate:
    """The value with the percentiles of its resamples; undefined resamples are left out."""
    if drawn is None or not np.isfinite(drawn).any():
        return Estimate(value, value, value)
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(drawn, [tail, 1 - tail])
    return Estimate(value, min(float(low), value), max(float(high), value))


def intervals(
    values: Mapping[str, float], drawn: Mapping[str, Floats], confidence: float
) -> dict[str, Estimate]:
    """:func:`interval` of every value."""
    return {name: interval(value, drawn.get(name), confidence) for name, value in values.items()}
