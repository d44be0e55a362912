"""Metrics of single-label classification, named and defined as in scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from luthier.metrics.calibration import brier, calibration
from luthier.metrics.intervals import (
    Floats,
    Ints,
    interval,
    intervals,
    resample_counts,
    resample_means,
    resample_rows,
)
from luthier.metrics.measures import Measures
from luthier.metrics.ranking import average_precision, roc_auc

EPSILON = 1e-15
"""Probabilities are kept this far from 0 in the log loss."""

RANKED = 200
"""Resamples for metrics that sort rows: enough for percentiles, at a fifth of the cost."""

CLASSIFICATION = (
    "accuracy",
    *(f"{kind}_{mean}" for kind in ("precision", "recall", "f1")
      for mean in ("macro", "micro", "weighted")),
    "balanced_accuracy", "mcc", "log_loss", "brier", "roc_auc", "average_precision", "ece",
)  # fmt: skip
"""Names of what is measured."""


def confusion_matrix(y_true: NDArray[Any], y_pred: NDArray[Any], classes: int) -> Ints:
    """(classes, classes) counts: rows of class i answered as class j."""
    flat = np.bincount(y_true * classes + y_pred, minlength=classes * classes)
    return flat.reshape(classes, classes).astype(np.int64)


def divide(a: Any, b: Any) -> Floats:
    """A / b with 0 where b is 0, as scikit-learn's ``zero_division=0``."""
    a, b = np.broadcast_arrays(np.asarray(a, np.float64), np.asarray(b, np.float64))
    quotient: Floats = np.divide(a, b, out=np.zeros(a.shape), where=b != 0)
    return quotient


def per_class(matrix: NDArray[Any]) -> tuple[Floats, Floats, Floats, Floats]:
    """Precision, recall, F1 and support of each class: (..., k, k) to (..., k) each.

    Precision: of the rows answered so, the share that is so. Recall: of the rows that
    are so, the share answered so. F1: their harmonic mean.
    """
    right = np.diagonal(matrix, axis1=-2, axis2=-1).astype(np.float64)
    answered, support = matrix.sum(-2), matrix.sum(-1).astype(np.float64)
    return (
        divide(right, answered),
        divide(right, support),
        divide(2 * right, answered + support),
        support,
    )


def from_confusion(matrix: NDArray[Any]) -> dict[str, Floats]:
    """Every metric that counts decide: (..., k, k) to name -> (...).

    Macro means run over the classes that occur in truth or answers, as scikit-learn's do.
    """
    precision, recall, f1, support = per_class(matrix)
    total = support.sum(-1)
    right = np.trace(matrix, axis1=-2, axis2=-1)
    present = (matrix.sum(-2) + matrix.sum(-1)) > 0
    result = {"accuracy": divide(right, total)}
    for name, values in (("precision", precision), ("recall", recall), ("f1", f1)):
        result[f"{name}_macro"] = divide((values * present).sum(-1), present.sum(-1))
        result[f"{name}_micro"] = result["accuracy"]
        result[f"{name}_weighted"] = divide((values * support).sum(-1), total)
    seen = support > 0
    result["balanced_accuracy"] = divide((recall * seen).sum(-1), seen.sum(-1))
    result["mcc"] = matthews(matrix)
    return result


def matthews(matrix: NDArray[Any]) -> Floats:
    """Multiclass Matthews correlation (Gorodkin 2004, R_K): (..., k, k) to (...)."""
    matrix = np.asarray(matrix, np.float64)
    truth, answers = matrix.sum(-1), matrix.sum(-2)
    total, right = matrix.sum((-2, -1)), np.trace(matrix, axis1=-2, axis2=-1)
    covariance = right * total - (truth * answers).sum(-1)
    spread = (total**2 - (truth**2).sum(-1)) * (total**2 - (answers**2).sum(-1))
    return divide(covariance, np.sqrt(spread))


def log_losses(y_true: NDArray[Any], probabilities: Floats) -> Floats:
    """Negative log probability of the true class of each row: (rows,)."""
    losses: Floats = -np.log(np.clip(probabilities[np.arange(len(y_true)), y_true], EPSILON, 1.0))
    return losses


def measure_classification(
    y_true: NDArray[Any],
    probabilities: Floats,
    labels: list[str],
    *,
    confidence: float = 0.95,
    resamples: int = 1000,
) -> Measures:
    """Everything about single-label answers.

    Args:
        y_true: (rows,) class indices.
        probabilities: (rows, classes).
        labels: Class names by index.
        confidence: Level of the intervals.
        resamples: Bootstrap resamples; 0 leaves the intervals out.
    """
    classes = len(labels)
    matrix = confusion_matrix(y_true, probabilities.argmax(-1), classes)
    counted = {name: float(value) for name, value in from_confusion(matrix).items()}
    summed = {
        "log_loss": log_losses(y_true, probabilities),
        "brier": brier(y_true, probabilities),
    }
    drawn: dict[str, Floats] = {}
    f1_drawn: Floats | None = None
    if resamples:
        tables = resample_counts(matrix, resamples)
        drawn |= from_confusion(tables)
        f1_drawn = per_class(tables)[2]
        means = resample_means(np.stack(list(summed.values()), 1), resamples)
        drawn |= {name: means[:, column] for column, name in enumerate(summed)}
    values = counted | {name: float(terms.mean()) for name, terms in summed.items()}
    ranked = _ranked(y_true, probabilities, np.arange(len(y_true)))
    values |= {name: value for name, value in ranked.items() if np.isfinite(value)}
    if resamples:
        drawn |= resample_rows(
            len(y_true), min(resamples, RANKED), lambda r: _ranked(y_true, probabilities, r)
        )
    curve = calibration(probabilities.max(-1), probabilities.argmax(-1) == y_true)
    values["ece"] = curve["ece"]
    precision, recall, f1, support = per_class(matrix)
    return Measures(
        n=len(y_true),
        metrics=intervals(values, drawn, confidence),
        per_class=[
            {
                "label": label,
                "precision": float(precision[i]),
                "recall": float(recall[i]),
                "f1": interval(
                    float(f1[i]), None if f1_drawn is None else f1_drawn[:, i], confidence
                ).to_json(),
                "support": int(support[i]),
            }
            for i, label in enumerate(labels)
        ],
        confusion=matrix.tolist(),
        calibration=curve,
    )


def _ranked(y_true: NDArray[Any], probabilities: Floats, rows: Ints) -> dict[str, float]:
    """ROC AUC and average precision; over more than two classes one-vs-rest, macro."""
    truth, scores = y_true[rows], probabilities[rows]
    classes = [1] if scores.shape[1] == 2 else list(range(scores.shape[1]))
    curves = [(truth == c, scores[:, c]) for c in classes]
    return {
        "roc_auc": float(np.mean([roc_auc(t, s) for t, s in curves])),
        "average_precision": float(np.mean([average_precision(t, s) for t, s in curves])),
    }
