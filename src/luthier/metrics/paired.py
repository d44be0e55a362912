"""Two models on the same rows: is one better, or is it chance?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from luthier.metrics.intervals import SEED, Floats, difference, over, samples_of_rows
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
