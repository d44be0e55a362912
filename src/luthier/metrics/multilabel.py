"""Metrics of multi-label classification, named and defined as in scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from luthier.metrics.checks import check_measurable
from luthier.metrics.classification import EPSILON
from luthier.metrics.counts import Counts, divide
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
from luthier.metrics.ranking import Ranking, mean_metrics

THRESHOLD = 0.5
"""A label is given from this probability on, where no other threshold is asked."""

MULTILABEL = (
    "accuracy",
    *(f"{kind}_{mean}" for kind in ("precision", "recall", "f1")
      for mean in ("micro", "macro", "weighted")),
    "f1_samples", "hamming_loss", "log_loss", "roc_auc_macro", "average_precision_macro",
)  # fmt: skip
"""Names of what is measured. ``accuracy`` is the share of rows with every label right;
``log_loss`` the mean over rows and labels."""

Bools = NDArray[np.bool_]


def measure_multilabel(
    y_true: NDArray[Any],
    probabilities: Floats,
    labels: list[str],
    *,
    thresholds: Sequence[float] | None = None,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = SEED,
) -> Measures:
    """Everything about multi-label answers.

    Args:
        y_true: (rows, labels) 0/1.
        probabilities: (rows, labels).
        labels: Names by index.
        thresholds: Probability from which on each label is given; default: one half.
        confidence: Level of the intervals.
        resamples: Bootstrap resamples; 0 leaves the intervals out.
        seed: Of the resampling.

    Raises:
        DataError: If there are no rows.
        ModelError: If a probability is not a number.
    """
    check_measurable(y_true, probabilities)
    truth, n = y_true > THRESHOLD, len(y_true)
    answers = probabilities >= (THRESHOLD if thresholds is None else np.asarray(thresholds))
    constant = np.broadcast_to(truth.mean(0) >= THRESHOLD, truth.shape)

    def rows() -> Any:
        return samples_of_rows(n, resamples, seed)

    counts = Counts(**over(rows(), _counts(truth, answers)))
    counted = _averages(counts) | over(rows(), _answer_means(truth, answers))
    naive = Counts(**over(rows(), _counts(truth, constant)))
    by_chance = _averages(naive) | over(rows(), _answer_means(truth, constant))
    most = samples_of_rows(n, affordable(resamples, probabilities.size), seed)
    losses = _log_losses(truth, probabilities)
    drawn = counted | over(rows(), lambda weights: {"log_loss": weights @ losses / n})
    drawn |= over(most, _rankings(truth, probabilities))
    return Measures(
        n=n,
        metrics=estimates({name: drawn[name] for name in MULTILABEL}, confidence),
        per_class=counts.table(labels, confidence),
        gains=gains(counted, by_chance, confidence),
    )


def _counts(truth: Bools, answers: Bools) -> Any:
    """Right answers, answers and true rows of each label, in samples of rows."""
    right, answered, support = (
        part.astype(np.float64) for part in (truth & answers, answers, truth)
    )
    return lambda weights: {
        "right": weights @ right,
        "answered": weights @ answered,
        "support": weights @ support,
    }


def _averages(counts: Counts) -> dict[str, Floats]:
    return counts.averages(np.ones(counts.right.shape, np.bool_))


def _answer_means(truth: Bools, answers: Bools) -> Any:
    """Means over rows of what each row's labels decide."""
    both = 2 * (truth & answers).sum(1)
    terms = {
        "accuracy": (truth == answers).all(1).astype(np.float64),
        "f1_samples": divide(both, truth.sum(1) + answers.sum(1)),
        "hamming_loss": (truth != answers).mean(1),
    }
    return lambda weights: {name: weights @ term / len(truth) for name, term in terms.items()}


def _log_losses(truth: Bools, probabilities: Floats) -> Floats:
    """Binary cross-entropy of each row, mean over its labels: (rows,)."""
    of_truth = np.where(truth, probabilities, 1 - probabilities)
    losses: Floats = -np.log(np.clip(of_truth, EPSILON, 1 - EPSILON)).mean(1)
    return losses


def _rankings(truth: Bools, probabilities: Floats) -> Any:
    """Macro ROC AUC and average precision over the labels that a sample has and lacks."""
    rankings = [Ranking(truth[:, i], probabilities[:, i]) for i in range(truth.shape[1])]

    def statistic(weights: Floats) -> dict[str, Floats]:
        roc_auc, average_precision = mean_metrics(rankings, weights)
        return {"roc_auc_macro": roc_auc, "average_precision_macro": average_precision}

    return statistic
