"""Dividing rows into train, validation and test."""

from __future__ import annotations

import math

import numpy as np
import polars as pl

from luthier.data.roles import SPLIT
from luthier.recipe.schema import Split


def divide(
    rows: pl.DataFrame, settings: Split, *, label: str | None, wanted: dict[str, float]
) -> pl.DataFrame:
    """Move shares of the rows in split ``train`` to other splits.

    With ``label``, each class gives its share (rounded half up), and a class always keeps a
    row in train; its test and validation rows come only when it has rows to spare.

    Args:
        rows: Rows with their present split.
        settings: Seed.
        label: Column to stratify by, or None.
        wanted: Split to its share of the rows, e.g. ``{"test": 0.2, "validation": 0.1}``.
    """
    pool = rows[SPLIT].eq_missing("train").arg_true().to_numpy()
    random = np.random.default_rng(settings.seed)
    assigned = rows[SPLIT].to_list()
    for members in _strata(rows, pool, label):
        shuffled = random.permutation(members)
        start = 0
        for split, share in wanted.items():
            room = len(members) - start - 1
            count = min(room, math.floor(share * len(members) + 0.5))
            for index in shuffled[start : start + count]:
                assigned[index] = split
            start += max(0, count)
    return rows.with_columns(pl.Series(SPLIT, assigned, dtype=pl.String))


def sample(rows: pl.DataFrame, limit: int, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """At most ``limit`` rows of split train, and those left out; order is kept."""
    pool = rows[SPLIT].eq_missing("train").arg_true().to_numpy()
    if len(pool) <= limit:
        return rows, rows.clear()
    out = np.random.default_rng(seed).permutation(pool)[limit:]
    gone = pl.Series(np.isin(np.arange(len(rows)), out))
    return rows.filter(~gone), rows.filter(gone)


def _strata(
    rows: pl.DataFrame, pool: np.ndarray[tuple[int], np.dtype[np.int64]], label: str | None
) -> list[np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Indices of the pool's rows by class, in the order in which classes occur."""
    if label is None or not len(pool):
        return [pool]
    column = rows[label]
    if isinstance(column.dtype, pl.List):
        column = column.list.join("|")
    values = column.to_list()
    groups: dict[object, list[int]] = {}
    for index in pool.tolist():
        groups.setdefault(values[index], []).append(index)
    return [np.array(members) for members in groups.values()]
