"""How well vectors put like things together."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from luthier.metrics.checks import check_measurable
from luthier.metrics.classification import confusion_matrix, count, majority
from luthier.metrics.counts import Counts, divide
from luthier.metrics.intervals import (
    SEED,
    Floats,
    Ints,
    estimates,
    gains,
    over,
    samples_of_counts,
)
from luthier.metrics.measures import Measures

NEIGHBOURS = ("knn_accuracy",)
"""Names of what is measured."""

CHUNK = 4_000_000
"""Similarities that are held at once."""


def measure_neighbours(
    y_true: NDArray[Any],
    vectors: Floats,
    labels: list[str],
    *,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = SEED,
) -> Measures:
    """How often the nearest other row, by cosine, is of the same class (leave-one-out 1-NN).

    Neighbours stay the same in every resample: what varies is which rows are asked.

    Args:
        y_true: (rows,) class indices.
        vectors: (rows, width), each of length 1.
        labels: Class names by index.
        confidence: Level of the intervals.
        resamples: Bootstrap resamples; 0 leaves the intervals out.
        seed: Of the resampling.

    Raises:
        DataError: If there are no rows.
        ModelError: If a vector is not of numbers.
    """
    check_measurable(y_true, vectors)
    nearest, _ = nearest_others(vectors)
    matrix = confusion_matrix(y_true, y_true[nearest], len(labels))
    tables = samples_of_counts(matrix, resamples, seed)
    counts = Counts(**over(tables, lambda block: asdict(count(block))))
    drawn = _accuracy(counts)
    return Measures(
        n=len(y_true),
        metrics=estimates(drawn, confidence),
        per_class=counts.table(labels, confidence),
        confusion=matrix.tolist(),
        gains=gains(drawn, _accuracy(majority(counts)), confidence),
    )


def nearest_others(vectors: Floats) -> tuple[Ints, Floats]:
    """The row with the most like vector, and their cosine: (rows,) each.

    Of several the first; a single row is its own neighbour.

    Args:
        vectors: (rows, width), each of length 1.
    """
    rows = len(vectors)
    found, cosines = np.zeros(rows, dtype=np.int64), np.ones(rows)
    size = max(1, CHUNK // max(1, rows))
    for start in range(0, rows if rows > 1 else 0, size):
        part = np.arange(start, min(start + size, rows))
        alike = vectors[part] @ vectors.T
        alike[np.arange(len(part)), part] = -np.inf
        found[part] = alike.argmax(1)
        cosines[part] = alike.max(1)
    return found, cosines


def _accuracy(counts: Counts) -> dict[str, Floats]:
    return {"knn_accuracy": divide(counts.right.sum(-1), counts.support.sum(-1))}
