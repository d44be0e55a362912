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
    ties = Ties(truth), Ties(answers)
    return lambda weights: {
        "pearson": _correlation(weights, truth[None], answers[None]),
        "spearman": _correlation(weights, *(tie.ranks(weights) for tie in ties)),
    }


def _correlation(weights: Floats, a: Floats, b: Floats) -> Floats:
    """Correlation in each sample: values (samples or 1, rows) to (samples,)."""
    n = weights.shape[1]
    a = a - (weights * a).sum(1, keepdims=True) / n
    b = b - (weights * b).sum(1, keepdims=True) / n
    spread = np.sqrt((weights * a * a).sum(1)) * np.sqrt((weights * b * b).sum(1))
    return _share((weights * a * b).sum(1), spread)


def _variance(weights: Floats, values: Floats) -> Floats:
    """Variance in each sample: (samples,); values are centred first, against cancellation."""
    n = len(values)
    centred = values - values.mean()
    variance: Floats = weights @ centred**2 / n - (weights @ centred / n) ** 2
    return np.maximum(variance, 0)


def _share(part: Floats, whole: Floats) -> Floats:
    """Part / whole with NaN where there is no whole."""
    share: Floats = np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
    return share
