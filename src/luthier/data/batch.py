"""Which rows make which step: decided by (seed, epoch), whatever computes them."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
"""Indices of rows."""

POOL = 50
"""Steps whose rows are sorted together: far fewer than an epoch, so that batches stay varied."""


def plan_epoch(
    lengths: NDArray[np.int64], rows_per_step: int, *, seed: int, epoch: int, by_length: bool,
    rows: Rows | None = None,
) -> list[Rows]:  # fmt: skip
    """The rows of every optimizer step of an epoch.

    Rows are shuffled; with ``by_length``, rows within pools of ``POOL`` steps are
    sorted by length before they are cut into steps, and the steps are shuffled, so
    that rows of a step are of like length and the order of lengths is random.

    Args:
        lengths: (rows,) tokens of each row.
        rows_per_step: Rows of a step; the epoch's last may have fewer.
        seed: Of the run.
        epoch: Counted from 0.
        by_length: Whether to form steps of rows of like length.
        rows: Those that the epoch has; default: each once.
    """
    random = np.random.default_rng((seed, epoch))
    order = random.permutation(np.arange(len(lengths)) if rows is None else rows)
    if not by_length:
        return list(_cut(order, rows_per_step))
    steps: list[Rows] = []
    for pool in _cut(order, rows_per_step * POOL):
        steps += _cut(pool[np.argsort(-lengths[pool], kind="stable")], rows_per_step)
    return [steps[index] for index in random.permutation(len(steps))]


def micro_batches(
    rows: Rows, lengths: NDArray[np.int64], *, parts: int, max_tokens: int
) -> list[Rows]:
    """A step's rows cut into ``parts`` of like length, and further where over the budget.

    The budget counts padding: rows of a micro-batch times its longest row. A single
    row over the budget stands alone.
    """
    ordered = rows[np.argsort(-lengths[rows], kind="stable")]
    return [
        batch
        for part in _cut(ordered, math.ceil(len(ordered) / parts))
        for batch in _within_budget(part, lengths, max_tokens)
    ]


def batches_by_length(
    lengths: NDArray[np.int64], batch_size: int, max_tokens: int
) -> Iterator[Rows]:
    """All rows in batches of like length, longest first: for evaluation."""
    order = np.argsort(-lengths, kind="stable")
    for batch in _cut(order, batch_size):
        yield from _within_budget(batch, lengths, max_tokens)


def _within_budget(ordered: Rows, lengths: NDArray[np.int64], max_tokens: int) -> Iterator[Rows]:
    start = 0
    while start < len(ordered):
        count = max(1, max_tokens // max(1, int(lengths[ordered[start]])))
        yield ordered[start : start + count]
        start += count


def _cut(rows: Rows, size: int) -> Iterator[Rows]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
