"""Metrics of scores."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from luthier.metrics.intervals import Floats, intervals, resample_rows
from luthier.metrics.measures import Measures
from luthier.metrics.ranking import ranks

REGRESSION = ("mse", "rmse", "mae", "r2", "pearson", "spearman", "quadratic_kappa")
"""Names of what is measured."""


def from_scores(y_true: Floats, y_pred: Floats) -> dict[str, float]:
    """Errors and correlations of scores: both (rows,).

    For whole-number targets also the quadratic weighted kappa (Cohen 1968) of the
    rounded answers.
    """
    error = y_pred - y_true
    spread = float(((y_true - y_true.mean()) ** 2).sum())
    mse = float((error**2).mean())
    values = {
        "mse": mse,
        "rmse": mse**0.5,
        "mae": float(np.abs(error).mean()),
        "r2": 1 - float((error**2).sum()) / spread if spread else float("nan"),
        "pearson": _correlation(y_true, y_pred),
        "spearman": _correlation(ranks(y_true), ranks(y_pred)),
    }
    if np.array_equal(y_true, np.round(y_true)):
        values["quadratic_kappa"] = quadratic_kappa(y_true, y_pred)
    return values


def quadratic_kappa(y_true: Floats, y_pred: Floats) -> float:
    """1 - (squared disagreement) / (squared disagreement expected by chance)."""
    answers = np.clip(np.round(y_pred), y_true.min(), y_true.max())
    seen = float(((y_true - answers) ** 2).mean())
    by_chance = float((y_true**2).mean() + (answers**2).mean() - 2 * y_true.mean() * answers.mean())
    return 1 - seen / by_chance if by_chance else float("nan")


def measure_regression(
    y_true: NDArray[Any],
    y_pred: NDArray[Any],
    *,
    confidence: float = 0.95,
    resamples: int = 1000,
) -> Measures:
    """Everything about scores: ``y_true`` and ``y_pred`` are (rows,)."""
    truth, answers = np.asarray(y_true, np.float64), np.asarray(y_pred, np.float64)
    values = {k: v for k, v in from_scores(truth, answers).items() if np.isfinite(v)}
    drawn = resample_rows(len(truth), resamples, lambda r: from_scores(truth[r], answers[r]))
    return Measures(n=len(truth), metrics=intervals(values, drawn, confidence))


def _correlation(a: Floats, b: Floats) -> float:
    if a.std() == 0 or b.std() == 0:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])
