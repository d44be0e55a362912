"""The arithmetic of a division: equal shares of every class, no text on both sides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from luthier.data.roles import SPLIT

Indices = NDArray[np.int64]

RARE_MIX = 5
"""Mixes of several labels that fewer rows have are one stratum together."""


def divide(
    rows: pl.DataFrame, wanted: dict[str, float], *, texts: Sequence[str], label: str | None,
    seed: int,
) -> pl.DataFrame:  # fmt: skip
    """Move shares of the rows in split ``train`` to other splits.

    Rows of the same text go together. With ``label``, every class gives its share, as near
    as whole texts allow (largest remainders), and a class always keeps a text in train.

    Args:
        rows: Rows with their present split; their order stays.
        wanted: Split to its share of the texts, e.g. ``{"test": 0.2, "validation": 0.1}``.
        texts: Columns that make up the text.
        label: Column to stratify by, or None.
        seed: Decides which text goes where.
    """
    pool = rows.filter(pl.col(SPLIT) == "train")
    heads = pool.unique(subset=list(texts), keep="first", maintain_order=True)
    strata = _strata(heads, label)
    places = _assign(strata, list(wanted.values()), np.random.default_rng(seed))
    names = pl.Series(["train", *wanted], dtype=pl.String).gather(pl.Series(places))
    moved = heads.select(texts).with_columns(names.alias("_place"))
    found = rows.join(moved, on=list(texts), how="left", nulls_equal=True, maintain_order="left")
    place = pl.when(pl.col(SPLIT) == "train").then(pl.col("_place")).otherwise(pl.col(SPLIT))
    return found.with_columns(place.alias(SPLIT)).drop("_place")


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
