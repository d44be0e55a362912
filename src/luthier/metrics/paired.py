"""Two models on the same rows: is one better, or is it chance?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from luthier.metrics.classification import from_counts
from luthier.metrics.counts import Counts
from luthier.metrics.intervals import (
    SEED,
    Floats,
    Ints,
    difference,
    over,
    samples_of_counts,
    samples_of_rows,
)
from luthier.metrics.measures import Difference


def paired_difference(
    scores_a: NDArray[np.bool_] | Floats,
    scores_b: NDArray[np.bool_] | Floats,
    *,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = SEED,
) -> Difference:
    """By how much the mean score of ``a`` exceeds that of ``b``, by paired bootstrap.

    Rows are resampled in pairs (Efron and Tibshirani 1993, 8.6), so that what makes a
    row hard for both models cancels out.

    Args:
        scores_a: (rows,) correct or not, or any score of which more is better.
        scores_b: (rows,) of the other model, same rows in the same order.
        confidence: Level of the interval.
        resamples: Bootstrap resamples.
        seed: Of the resampling.
    """
    terms = np.asarray(scores_a, np.float64) - np.asarray(scores_b, np.float64)
    samples = samples_of_rows(len(terms), resamples, seed)
    drawn = over(samples, lambda weights: {"mean": weights @ terms / len(terms)})
    return difference(drawn["mean"], confidence)


def paired_classification(
    y_true: Ints,
    answers_a: Ints,
    answers_b: Ints,
    classes: int,
    *,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = SEED,
) -> dict[str, Difference]:
    """By how much ``a`` exceeds ``b`` in every metric that counts decide, by paired bootstrap.

    Rows with the same class and the same two answers are drawn as one outcome.

    Args:
        y_true: (rows,) class indices.
        answers_a: (rows,) class indices that ``a`` answers.
        answers_b: (rows,) those of ``b``, same rows in the same order.
        classes: How many there are.
        confidence: Level of the intervals.
        resamples: Bootstrap resamples.
        seed: Of the resampling.
    """
    table = np.stack([y_true, answers_a, answers_b], axis=1)
    outcomes, counts = np.unique(table, axis=0, return_counts=True)
    truth, *both = (np.eye(classes)[column] for column in outcomes.T)

    def exceeds(samples: Floats) -> dict[str, Floats]:
        a, b = (
            from_counts(Counts(samples @ (truth * said), samples @ said, samples @ truth))
            for said in both
        )
        return {name: a[name] - b[name] for name in a}

    drawn = over(samples_of_counts(counts, resamples, seed), exceeds)
    return {name: difference(values, confidence) for name, values in drawn.items()}


def mcnemar(correct_a: NDArray[np.bool_], correct_b: NDArray[np.bool_]) -> float:
    """Exact two-sided p value of "both models are right equally often" (McNemar 1947).

    Only rows where one is right and the other wrong count; under the hypothesis each
    falls to either model like a fair coin.

    Args:
        correct_a: (rows,) whether the first model is right.
        correct_b: (rows,) whether the second is.
    """
    wins, losses = int((correct_a & ~correct_b).sum()), int((~correct_a & correct_b).sum())
    n, fewer = wins + losses, min(wins, losses)
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])
    i = np.arange(fewer + 1)
    log_chance = log_factorial[n] - log_factorial[i] - log_factorial[n - i] - n * np.log(2)
    return min(1.0, 2 * float(np.exp(log_chance).sum()))
