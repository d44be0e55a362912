"""Metrics of multi-label classification, named and defined as in scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from luthier.metrics.classification import RANKED, divide
from luthier.metrics.intervals import Floats, Ints, intervals, resample_rows
from luthier.metrics.measures import Estimate, Measures
from luthier.metrics.ranking import average_precision, roc_auc

THRESHOLD = 0.5

MULTILABEL = (
    "accuracy", "precision_micro", "recall_micro", "f1_micro", "precision_macro",
    "recall_macro", "f1_macro", "f1_weighted", "f1_samples", "hamming_loss",
    "roc_auc_macro", "average_precision_macro",
)  # fmt: skip
"""Names of what is measured."""


def label_counts(truth: NDArray[Any], answers: NDArray[Any]) -> tuple[Ints, Ints, Ints]:
    """True positives, answered and true rows of each label: (k,) each."""
    return (truth & answers).sum(0), answers.sum(0), truth.sum(0)


def from_answers(truth: NDArray[Any], answers: NDArray[Any]) -> dict[str, float]:
    """Metrics of 0/1 answers: both (rows, k) boolean."""
    right, answered, support = label_counts(truth, answers)
    f1 = divide(2 * right, answered + support)
    both = (truth & answers).sum(1)
    return {
        "accuracy": float((truth == answers).all(1).mean()),
        "precision_micro": float(divide(right.sum(), answered.sum())),
        "recall_micro": float(divide(right.sum(), support.sum())),
        "f1_micro": float(divide(2 * right.sum(), answered.sum() + support.sum())),
        "precision_macro": float(divide(right, answered).mean()),
        "recall_macro": float(divide(right, support).mean()),
        "f1_macro": float(f1.mean()),
        "f1_weighted": float(divide((f1 * support).sum(), support.sum())),
        "f1_samples": float(divide(2 * both, truth.sum(1) + answers.sum(1)).mean()),
        "hamming_loss": float((truth != answers).mean()),
    }


def measure_multilabel(
    y_true: NDArray[Any],
    probabilities: Floats,
    labels: list[str],
    *,
    confidence: float = 0.95,
    resamples: int = 1000,
) -> Measures:
    """Everything about multi-label answers.

    Args:
        y_true: (rows, labels) 0/1.
        probabilities: (rows, labels); a label is given from 0.5 on.
        labels: Names by index.
        confidence: Level of the intervals.
        resamples: Bootstrap resamples; 0 leaves the intervals out.
    """
    truth, answers = y_true > 0.5, probabilities >= THRESHOLD
    ranked = {
        "roc_auc_macro": _mean(
            [roc_auc(truth[:, i], probabilities[:, i]) for i in labels_of(truth)]
        ),
        "average_precision_macro": _mean(
            [average_precision(truth[:, i], probabilities[:, i]) for i in labels_of(truth)]
        ),
    }
    values = from_answers(truth, answers) | {k: v for k, v in ranked.items() if np.isfinite(v)}
    drawn = resample_rows(
        len(truth), min(resamples, RANKED), lambda rows: from_answers(truth[rows], answers[rows])
    )
    right, answered, support = label_counts(truth, answers)
    f1 = divide(2 * right, answered + support)
    precision, recall = divide(right, answered), divide(right, support)
    return Measures(
        n=len(truth),
        metrics=intervals(values, drawn, confidence),
        per_class=[
            {
                "label": label,
                "precision": float(precision[i]),
                "recall": float(recall[i]),
                "f1": Estimate(float(f1[i]), float(f1[i]), float(f1[i])).to_json(),
                "support": int(support[i]),
            }
            for i, label in enumerate(labels)
        ],
    )


def labels_of(truth: NDArray[Any]) -> list[int]:
    """Labels that some rows have and some have not: the others cannot be ranked."""
    return [int(i) for i in np.flatnonzero(truth.any(0) & ~truth.all(0))]


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")
