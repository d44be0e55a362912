"""chrF (Popović 2015): F2 of character n-grams, as sacreBLEU computes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from luthier.metrics.intervals import Floats

ORDERS = 6
"""Longest n-grams that count."""

BETA = 2
"""How much more recall counts than precision."""


def chrf_counts(
    predictions: Sequence[str], references: Sequence[Sequence[str]], *, lowercase: bool = False
) -> Floats:
    """(rows, 6, 3): n-grams of the prediction, of the reference, and those shared, by order.

    Of several references that counts which is the nearest.

    Args:
        predictions: (rows,) texts.
        references: (rows,) right texts, at least one each.
        lowercase: Whether case counts not.
    """
    counted = []
    for said, true in zip(predictions, references, strict=True):
        own = _ngrams(said, lowercase)
        choices = np.array([_shared(own, _ngrams(one, lowercase)) for one in true])
        counted.append(choices[int(np.argmax(chrf(choices)))])
    return np.array(counted, dtype=np.float64).reshape(-1, ORDERS, 3)


def chrf(sums: Floats) -> Floats:
    """ChrF in 0 to 100 of sums of counts (samples, 6, 3); (samples,)."""
    said, true, shared = np.moveaxis(sums.astype(np.float64), 2, 0)
    known = (said > 0) & (true > 0)
    orders = np.maximum(known.sum(axis=1), 1)
    precision, recall = (
        np.where(known, shared / np.maximum(count, 1), 0.0).sum(axis=1) / orders
        for count in (said, true)
    )
    below = BETA**2 * precision + recall
    above = 100 * (1 + BETA**2) * precision * recall
    score: Floats = np.divide(above, below, out=np.zeros_like(below), where=below > 0)
    return score


def _ngrams(text: str, lowercase: bool) -> list[Counter[str]]:
    packed = "".join((text.lower() if lowercase else text).split())
    return [
        Counter(packed[start : start + order] for start in range(len(packed) - order + 1))
        for order in range(1, ORDERS + 1)
    ]


def _shared(own: Sequence[Counter[str]], other: Sequence[Counter[str]]) -> list[list[int]]:
    return [
        [said.total() if true else 0, true.total(), (said & true).total()]
        for said, true in zip(own, other, strict=True)
    ]
