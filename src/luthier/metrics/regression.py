"""Metrics of scores."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from luthier.metrics.checks import check_measurable
from luthier.metrics.intervals import (
    SEED,
    Floats,
    affordable,
    estimates,
    gains,
    over,
    samples_of_rows,
)
from luthier.metrics.measures import Measures
from luthier.metrics.ranking import Ties

REGRESSION = ("mse", "rmse", "mae", "r2", "pearson", "spearman", "quadratic_kappa")
"""Names of what is measured."""

ROUNDING = 1e-12
"""What varies by less than this share of its size is constant: samples of one row repeated."""


def measure_regression(
    y_true: NDArray[Any],
    y_pred: NDArray[Any],
    *,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = SEED,
) -> Measures:
    """Everything about scores.

    For whole-number targets also the quadratic weighted kappa of the rounded answers.
    A metric that the rows leave undefined (correlation with a constant) is absent.

    Args:
        y_true: (rows,) true scores.
        y_pred: (rows,) answers.
        confidence: Level of the intervals.
        resamples: Bootstrap resamples; 0 leaves the intervals out.
        seed: Of the resampling.

    Raises:
        DataError: If there are no rows.
        ModelError: If an answer is not a number.
    """
    truth, answers = np.asarray(y_true, np.float64), np.asarray(y_pred, np.float64)
    check_measurable(truth, answers)
    n = len(truth)
    errors = over(samples_of_rows(n, resamples, seed), _errors(truth, answers))
    mean = np.full(n, truth.mean())
    naive = over(samples_of_rows(n, resamples, seed), _errors(truth, mean))
    most = samples_of_rows(n, affordable(resamples, n), seed)
    drawn = errors | over(most, _correlations(truth, answers))
    return Measures(
        n=n,
        metrics=estimates({k: drawn[k] for k in REGRESSION if k in drawn}, confidence),
        gains=gains(errors, naive, confidence),
    )


def _errors(truth: Floats, answers: Floats) -> Any:
    """Metrics of the size of errors, in samples of rows."""
    error, n = answers - truth, len(truth)
    whole = np.array_equal(truth, np.round(truth))

    def statistic(weights: Floats) -> dict[str, Floats]:
        mse = weights @ error**2 / n
        result = {
            "mse": mse,
            "rmse": np.sqrt(mse),
            "mae": weights @ np.abs(error) / n,
            "r2": 1 - _share(mse, _variance(weights, truth)),
        }
        return result | ({"quadratic_kappa": _kappa(weights, truth, answers)} if whole else {})

    return statistic


def _kappa(weights: Floats, truth: Floats, answers: Floats) -> Floats:
    """Quadratic weighted kappa (Cohen 1968) of rounded answers: (samples,).

    One minus the squared disagreement over that expected by chance: E(t - a)^2 of
    independent t and a, which is var t + var a + (mean t - mean a)^2.
    """
    rounded = np.clip(np.round(answers), truth.min(), truth.max())
    n = len(truth)
    seen = weights @ (truth - rounded) ** 2 / n
    apart = (weights @ (truth - rounded) / n) ** 2
    by_chance = _variance(weights, truth) + _variance(weights, rounded) + apart
    return 1 - _share(seen, by_chance)


def _correlations(truth: Floats, answers: Floats) -> Any:
    """Pearson's correlation of the scores and of their ranks (Spearman)."""
    ties, centred = (Ties(truth), Ties(answers)), (_centred(truth), _centred(answers))
    return lambda weights: {
        "pearson": _correlation(weights, *(values[None] for values in centred)),
        "spearman": _correlation(weights, *(tie.ranks(weights) for tie in ties)),
    }


def _correlation(weights: Floats, a: Floats, b: Floats) -> Floats:
    """Correlation in each sample: values (samples or 1, rows) to (samples,)."""
    (a, a_spread), (b, b_spread) = _deviations(weights, a), _deviations(weights, b)
    return np.clip(_share((weights * a * b).sum(1), a_spread * b_spread), -1, 1)


def _deviations(weights: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Distances from each sample's mean, and their norm; 0 where that is but rounding."""
    away = values - (weights * values).sum(1, keepdims=True) / weights.shape[1]
    square, whole = (weights * away**2).sum(1), (weights * values**2).sum(1)
    return away, np.sqrt(np.where(square > ROUNDING**2 * whole, square, 0))


def _variance(weights: Floats, values: Floats) -> Floats:
    """Variance in each sample: (samples,); values are centred first, against cancellation."""
    n, centred = len(values), _centred(values)
    square = weights @ centred**2 / n
    variance = square - (weights @ centred / n) ** 2
    return np.where(variance > ROUNDING * square, variance, 0)


def _centred(values: Floats) -> Floats:
    """Values minus their mean; exactly 0 where all are equal, which rounding would miss."""
    centred: Floats = values - np.clip(values.mean(), values.min(), values.max())
    return centred


def _share(part: Floats, whole: Floats) -> Floats:
    """Part / whole with NaN where there is no whole."""
    share: Floats = np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
    return share
