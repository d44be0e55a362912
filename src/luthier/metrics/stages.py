"""What a model that learned several things in turn still knows of the earlier ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

from luthier.metrics.directions import higher_is_better

Matrix = Sequence[Sequence[float | None]]
"""Row: after which stage, column: on the test of which; None where nothing was measured."""


@dataclass(frozen=True)
class Forgetting:
    """How far the last row of a matrix is from what was there before."""

    of: tuple[float | None, ...]
    """For every stage but the last: the best that was measured on its test before the last stage,
    minus what is measured now (Chaudhry et al. 2018, equation 3). Below 0: it is better now. Of
    errors and losses with the other sign."""
    mean: float | None
    """Their mean; None where some metrics are errors, whose units do not add up."""
    backward_transfer: float | None
    """Mean of what is measured now minus what was measured after each stage itself (Lopez-Paz and
    Ranzato 2017, equation 3)."""


def forgetting(matrix: Matrix, metrics: Sequence[str]) -> Forgetting:
    """What the last stage has left of the others.

    Args:
        matrix: One row a stage; a row may be as long as its number.
        metrics: The metric of each column.
    """
    last, earlier = matrix[-1], range(len(matrix) - 1)
    signs = [1 if higher_is_better(metrics[column]) else -1 for column in earlier]
    lost, gained = [], []
    for column, sign in zip(earlier, signs, strict=True):
        before = [sign * v for row in matrix[column:-1] if (v := row[column]) is not None]
        own, now = matrix[column][column], last[column]
        lost.append(None if now is None or not before else max(before) - sign * now)
        if now is not None and own is not None:
            gained.append(sign * (now - own))
    known = [value for value in lost if value is not None]
    adds_up = bool(known) and all(sign > 0 for sign in signs)
    return Forgetting(
        tuple(lost), mean(known) if adds_up else None, mean(gained) if adds_up and gained else None
    )
