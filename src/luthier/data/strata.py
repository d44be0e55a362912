"""Dividing units by chance: equal shares of every class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

Indices = NDArray[np.int64]

RARE_MIX = 5
"""Mixes of several labels that fewer rows have are one stratum together."""


def by_chance(
    heads: pl.DataFrame, label: str | None, shares: Sequence[float], seed: int
) -> Indices:
    """For every unit 0 (train) or the number of the share, from 1, that it falls to.

    With ``label``, every class gives its share, as near as whole units allow (largest
    remainders), and a class always keeps a unit in train.

    Args:
        heads: One row of each unit.
        label: Column to stratify by, or None.
        shares: Of the units, e.g. ``[0.2, 0.1]``.
        seed: Decides which unit goes where.
    """
    return _assign(_strata(heads, label), shares, np.random.default_rng(seed))


def by_fold(heads: pl.DataFrame, label: str | None, folds: int, seed: int) -> Indices:
    """For every unit the number of its fold, from 0; each class is spread evenly over them.

    Args:
        heads: One row of each unit.
        label: Column to stratify by, or None.
        folds: How many.
        seed: Decides which unit goes where.
    """
    strata = _strata(heads, label)
    order = np.lexsort((np.random.default_rng(seed).permutation(len(strata)), strata))
    # Dealt out class after class like cards, so that no fold gets all remainders.
    numbers = np.empty(len(strata), dtype=np.int64)
    numbers[order] = np.arange(len(strata)) % folds
    return numbers


def few_of_each(heads: pl.DataFrame, label: str | None, count: int, seed: int) -> NDArray[np.bool_]:
    """Which units are among the first ``count`` of their class, in an order of chance.

    The choice of fewer is part of the choice of more.
    """
    strata = _strata(heads, label)
    order = np.lexsort((np.random.default_rng(seed).permutation(len(strata)), strata))
    sizes = np.bincount(strata, minlength=1)
    first = np.cumsum(sizes) - sizes
    chosen = np.zeros(len(strata), dtype=bool)
    chosen[order] = np.arange(len(strata)) - first[strata[order]] < count
    return chosen


def drawn(places: Indices, count: int, random: np.random.Generator) -> Indices:
    """So many of the places, each as often as every other within one, sorted."""
    if count <= 0:
        return places[:0]
    whole, rest = divmod(count, len(places))
    return np.sort(np.concatenate([np.tile(places, whole), random.permutation(places)[:rest]]))


def _strata(heads: pl.DataFrame, label: str | None) -> Indices:
    """The stratum of every row, numbered from 0 in the order in which they occur."""
    if label is None or heads.is_empty():
        return np.zeros(len(heads), dtype=np.int64)
    mix = isinstance(heads.schema[label], pl.List)
    key = pl.col(label).list.join("\x1f") if mix else pl.col(label)
    if mix:
        key = pl.when(pl.len().over(key) < RARE_MIX).then(None).otherwise(key)
    keyed = heads.select(key.alias("key"))
    numbered = keyed.unique(maintain_order=True).with_row_index("stratum")
    joined = keyed.join(numbered, on="key", how="left", nulls_equal=True, maintain_order="left")
    return joined["stratum"].to_numpy().astype(np.int64)


def _assign(strata: Indices, shares: Sequence[float], random: np.random.Generator) -> Indices:
    """For every row 0 (stays) or the number of the share, from 1, that it falls to."""
    order = np.lexsort((random.permutation(len(strata)), strata))
    sizes = np.bincount(strata, minlength=1)
    first = np.cumsum(sizes) - sizes
    ranks = np.arange(len(strata)) - first[strata[order]]
    places = np.zeros(len(strata), dtype=np.int64)
    taken = np.zeros_like(sizes)
    for number, share in enumerate(shares, 1):
        counts = _apportion(sizes, share, np.maximum(sizes - 1 - taken, 0))
        begin = taken[strata[order]]
        chosen = (ranks >= begin) & (ranks < begin + counts[strata[order]])
        places[order[chosen]] = number
        taken += counts
    return places


def _apportion(sizes: Indices, share: float, room: Indices) -> Indices:
    """How many of each stratum make up a share of all: by largest remainders, within ``room``."""
    exact = sizes * share
    counts: Indices = np.minimum(np.floor(exact + 1e-9).astype(np.int64), room)
    missing = int(np.floor(sizes.sum() * share + 0.5)) - int(counts.sum())
    by_remainder = np.argsort(counts - exact, kind="stable")
    able = by_remainder[counts[by_remainder] < room[by_remainder]]
    counts[able[: max(0, missing)]] += 1
    return counts
