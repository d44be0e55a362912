"""Rows that must go to the same split."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Indices = NDArray[np.int64]


def units(rows: pl.DataFrame, keys: Sequence[Sequence[str]]) -> Indices:
    """For each row the index of the first row that it must stay with; (rows,).

    Args:
        rows: Any rows.
        keys: Columns of each kind of bond: rows that agree in all of them stay together, and so do
            rows that other rows join. A single column binds where it is not null only.
    """
    firsts = [_first_of(rows, list(columns)) for columns in keys if columns]
    return joined(len(rows), np.concatenate([_pairs(first) for first in firsts]))


def joined(count: int, pairs: Indices) -> Indices:
    """For each of ``count`` items the smallest index that pairs join it to.

    Args:
        count: Of items.
        pairs: (pairs, 2) indices.
    """
    ones = np.ones(len(pairs), dtype=np.int8)
    graph = coo_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    _, component = connected_components(graph, directed=False)
    first = np.full(count, count, dtype=np.int64)
    np.minimum.at(first, component, np.arange(count))
    smallest: Indices = first[component]
    return smallest


def _first_of(rows: pl.DataFrame, columns: list[str]) -> Indices:
    """For each row the first that agrees with it; itself where a single column is null."""
    numbered = rows.select(columns).with_row_index("_index")
    first = pl.col("_index").first().over(columns)
    if len(columns) == 1:
        first = pl.when(pl.col(columns[0]).is_null()).then("_index").otherwise(first)
    found: Indices = numbered.select(first.alias("first")).to_series().to_numpy().astype(np.int64)
    return found


def _pairs(first: Indices) -> Indices:
    index = np.arange(len(first))
    bound = first != index
    return np.stack([index[bound], first[bound]], axis=1)
