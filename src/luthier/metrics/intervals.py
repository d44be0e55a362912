"""Bootstrap intervals (Efron and Tibshirani 1993): percentiles over resampled rows.

Metrics are written once, for many samples at a time: the first sample is the data
itself and gives the value, the others are drawn from it and give the interval.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from luthier.metrics.directions import higher_is_better
from luthier.metrics.measures import Difference, Estimate

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Sample = TypeVar("Sample")

SEED = 20_260_101
"""Resamples are the same for every model, so that intervals of two models compare."""

BLOCK = 2_000_000
"""Numbers held at once: samples come in blocks of about this size."""

WORK = 400_000_000
"""Numbers gone through for the metrics that sort rows, at most."""

FEWEST = 200
"""Resamples that still give percentiles to trust."""


def samples_of_rows(n: int, resamples: int, seed: int) -> Iterator[Floats]:
    """The data itself, then bootstrap samples: blocks (some, n) of how often each row occurs."""
    yield np.ones((1, n))
    random = np.random.default_rng(seed)
    for size in _blocks(resamples, n):
        rows = random.integers(0, n, (size, n)) + n * np.arange(size)[:, None]
        yield np.bincount(rows.ravel(), minlength=size * n).reshape(size, n).astype(np.float64)


def samples_of_counts(counts: Ints, resamples: int, seed: int) -> Iterator[Floats]:
    """The table itself, then bootstrap samples of it: blocks (some, and the table's shape).

    Drawing n rows with replacement gives the cells a multinomial distribution with the
    observed shares, so that tables are drawn without touching rows.
    """
    yield counts[None].astype(np.float64)
    random = np.random.default_rng(seed)
    total = int(counts.sum())
    shares = counts.ravel() / total
    for size in _blocks(resamples, counts.size):
        drawn = random.multinomial(total, shares, size=size)
        yield drawn.reshape(size, *counts.shape).astype(np.float64)


def over(
    samples: Iterable[Sample], statistic: Callable[[Sample], Mapping[str, Floats]]
) -> dict[str, Floats]:
    """A statistic on every sample: name to (1 + resamples, ...), the data's own value first."""
    parts = [statistic(block) for block in samples]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def affordable(resamples: int, numbers: int) -> int:
    """Resamples within ``WORK`` where each goes through so many numbers, but not under 200."""
    return min(resamples, max(FEWEST, WORK // max(1, numbers)))


def estimate(drawn: Floats, confidence: float) -> Estimate:
    """The value (first) with the percentiles of the rest; undefined resamples are left out.

    An interval holds its value, which percentiles alone do not promise.
    """
    value = float(drawn[0])
    rest = drawn[1:][np.isfinite(drawn[1:])]
    if not len(rest):
        return Estimate(value, value, value)
    tail = (1 - confidence) / 2
    low, high = np.quantile(rest, [tail, 1 - tail])
    return Estimate(value, min(float(low), value), max(float(high), value))


def estimates(drawn: Mapping[str, Floats], confidence: float) -> dict[str, Estimate]:
    """:func:`estimate` of every metric that the data define."""
    return {
        name: estimate(values, confidence)
        for name, values in drawn.items()
        if np.isfinite(values[0])
    }


def difference(drawn: Floats, confidence: float) -> Difference:
    """A paired difference with its interval and bootstrap p value (first: the data's own).

    p is twice the smaller tail beyond zero, the data counted as one of the samples
    (Davison and Hinkley 1997, 4.4); without resamples it is 1.
    """
    found = estimate(drawn, confidence)
    rest = drawn[1:][np.isfinite(drawn[1:])]
    tail = min(int((rest <= 0).sum()), int((rest >= 0).sum()))
    p = min(1.0, 2 * (1 + tail) / (1 + len(rest)))
    return Difference(found.value, found.low, found.high, p)


def gains(
    drawn: Mapping[str, Floats], constant: Mapping[str, Floats], confidence: float
) -> dict[str, Difference]:
    """How much better than a constant answer on the same samples, by metric."""
    better = {
        name: (values - constant[name]) * (1 if higher_is_better(name) else -1)
        for name, values in drawn.items()
        if name in constant
    }
    return {
        name: difference(values, confidence)
        for name, values in better.items()
        if len(values) > 1 and np.isfinite(values[0])
    }


def _blocks(resamples: int, numbers: int) -> Iterator[int]:
    """Sizes of blocks that add up to ``resamples``."""
    size = max(1, BLOCK // max(1, numbers))
    for start in range(0, resamples, size):
        yield min(size, resamples - start)
