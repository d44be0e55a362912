"""Chance that depends on a row alone, not on where it stands or who works on it."""

from __future__ import annotations

import hashlib

import numpy as np
import polars as pl
from numpy.typing import NDArray

from luthier.data.roles import ROW, SOURCE

Keys = NDArray[np.uint64]


def row_keys(rows: pl.DataFrame, seed: int) -> Keys:
    """A number for each row: of the seed, its source, its index there, and which repeat it is.

    Args:
        rows: Any rows; those that a step repeated have the same source and index.
        seed: Decides all of them.
    """
    repeat = rows.select(pl.int_range(pl.len(), dtype=pl.Int64).over(SOURCE, ROW)).to_series()
    sources = {name: _digest(name) for name in rows[SOURCE].unique()}
    named = rows[SOURCE].replace_strict(sources, return_dtype=pl.UInt64).to_numpy()
    keys = np.full(len(rows), seed & 0xFFFFFFFFFFFFFFFF, dtype=np.uint64)
    for part in (named, rows[ROW].to_numpy(), repeat.to_numpy()):
        keys = mixed(keys, part.astype(np.uint64))
    return keys


def mixed(keys: Keys, more: Keys) -> Keys:
    """Keys that depend on both; the finaliser of SplitMix64 (Steele et al. 2014)."""
    with np.errstate(over="ignore"):
        z = (keys ^ more) + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        done: Keys = z ^ (z >> np.uint64(31))
    return done


def uniform(keys: Keys) -> NDArray[np.float64]:
    """Keys as numbers from 0 to below 1."""
    return (keys >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _digest(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big")
