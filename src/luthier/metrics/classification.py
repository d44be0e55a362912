"""Metrics of single-label classification, named and defined as in scikit-learn."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from luthier.metrics.calibration import Reliability, brier, expected_error
from luthier.metrics.checks import check_measurable
from luthier.metrics.counts import Counts, divide
from luthier.metrics.intervals import (
    SEED,
    Floats,
    Ints,
    affordable,
    estimates,
    gains,
    over,
    samples_of_counts,
    samples_of_rows,
)
from luthier.metrics.measures import Measures
from luthier.metrics.ranking import Ranking, mean_metrics

EPSILON = float(np.finfo(np.float64).eps)
"""Probabilities are kept this far from 0 and 1 in the log loss."""

CLASSIFICATION = (
    "accuracy",
    *(f"{kind}_{mean}" for kind in ("precision", "recall", "f1")
      for mean in ("macro", "micro", "weighted")),
    "balanced_accuracy", "mcc", "log_loss", "brier", "roc_auc", "average_precision", "ece",
)  # fmt: skip
"""Names of what is measured."""


def measure_classification(
    y_true: NDArray[Any],
    probabilities: Floats,
    labels: list[str],
    *,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = SEED,
) -> Measures:
    """Everything about single-label answers; the answer is the most probable class.

    Metrics of counts are resampled as counts; those that sort rows, over very many
    rows and classes, on fewer resamples (:func:`~luthier.metrics.intervals.affordable`).

    Args:
        y_true: (rows,) class indices.
        probabilities: (rows, classes).
        labels: Class names by index.
        confidence: Level of the intervals.
        resamples: Bootstrap resamples; 0 leaves the intervals out.
        seed: Of the resampling.

    Raises:
        DataError: If there are no rows.
        ModelError: If a probability is not a number.
    """
    check_measurable(y_true, probabilities)
    n, answers = len(y_true), probabilities.argmax(-1)
    matrix = confusion_matrix(y_true, answers, len(labels))
    tables = samples_of_counts(matrix, resamples, seed)
    counts = Counts(**over(tables, lambda block: asdict(count(block))))
    counted = from_counts(counts)
    reliability = Reliability(probabilities.max(-1), answers == y_true)
    summed = over(samples_of_rows(n, resamples, seed), _sums(y_true, probabilities, reliability))
    most = affordable(resamples, probabilities.size)
    ranked = over(samples_of_rows(n, most, seed), _rankings(y_true, probabilities))
    drawn = counted | summed | ranked
    metrics = estimates({name: drawn[name] for name in CLASSIFICATION}, confidence)
    return Measures(
        n=n,
        metrics=metrics,
        per_class=counts.table(labels, confidence),
        confusion=matrix.tolist(),
        calibration={"ece": metrics["ece"].value, "bins": reliability.curve()},
        gains=gains(counted, from_counts(majority(counts)), confidence),
    )


def confusion_matrix(y_true: NDArray[Any], y_pred: NDArray[Any], classes: int) -> Ints:
    """(classes, classes) counts: rows of class i answered as class j."""
    flat = np.bincount(y_true * classes + y_pred, minlength=classes * classes)
    return flat.reshape(classes, classes).astype(np.int64)


def count(matrix: Floats) -> Counts:
    """The counts of confusion matrices (..., k, k)."""
    right = np.diagonal(matrix, axis1=-2, axis2=-1).copy()
    return Counts(right, answered=matrix.sum(-2), support=matrix.sum(-1))


def from_counts(counts: Counts) -> dict[str, Floats]:
    """Every metric that counts decide: (..., k) to name -> (...).

    Macro means run over the classes that occur in truth or answers, as scikit-learn's do.
    """
    seen = counts.support > 0
    return {
        "accuracy": divide(counts.right.sum(-1), counts.support.sum(-1)),
        **counts.averages(seen | (counts.answered > 0)),
        "balanced_accuracy": divide((counts.recall() * seen).sum(-1), seen.sum(-1)),
        "mcc": matthews(counts),
    }


def matthews(counts: Counts) -> Floats:
    """Multiclass Matthews correlation (Gorodkin 2004, R_K): (..., k) to (...)."""
    total, right = counts.support.sum(-1), counts.right.sum(-1)
    covariance = right * total - (counts.support * counts.answered).sum(-1)
    truth = total**2 - (counts.support**2).sum(-1)
    answers = total**2 - (counts.answered**2).sum(-1)
    return divide(covariance, np.sqrt(truth * answers))


def log_losses(y_true: NDArray[Any], probabilities: Floats) -> Floats:
    """Negative log probability of the true class of each row: (rows,)."""
    of_truth = probabilities[np.arange(len(y_true)), y_true]
    losses: Floats = -np.log(np.clip(of_truth, EPSILON, 1 - EPSILON))
    return losses


def majority(counts: Counts) -> Counts:
    """What always answering the data's most frequent class would count, in every sample."""
    best = counts.support[0].argmax()
    answered = np.zeros_like(counts.support)
    answered[:, best] = counts.support.sum(-1)
    return Counts(np.minimum(answered, counts.support), answered, counts.support)


def _sums(y_true: NDArray[Any], probabilities: Floats, reliability: Reliability) -> Any:
    """The statistic of samples of rows that needs no sorting."""
    n = len(y_true)
    losses, distances = log_losses(y_true, probabilities), brier(y_true, probabilities)
    terms = reliability.terms()
    return lambda weights: {
        "log_loss": weights @ losses / n,
        "brier": weights @ distances / n,
        "ece": expected_error(weights, terms),
    }


def _rankings(y_true: NDArray[Any], probabilities: Floats) -> Any:
    """ROC AUC and average precision: of class 1 of two, else one-vs-rest, macro.

    Means run over the classes that occur in a sample.
    """
    classes = [1] if probabilities.shape[1] == 2 else range(probabilities.shape[1])
    rankings = [Ranking(y_true == c, probabilities[:, c]) for c in classes]

    def statistic(weights: Floats) -> dict[str, Floats]:
        roc_auc, average_precision = mean_metrics(rankings, weights)
        return {"roc_auc": roc_auc, "average_precision": average_precision}

    return statistic
