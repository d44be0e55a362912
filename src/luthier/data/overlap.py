"""Which texts hold, repeat or nearly repeat one of a list of other texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from luthier.data.shingles import Hashes, Shingles, normalise, shingle

RUN = 13
"""Words in a row that two texts share by copying only (Brown et al. 2020, appendix C)."""

RARE = 20
"""A shingle in more of the listed texts than this points to none of them."""

HITS = 3
"""Rare shingles that a text must share with another to be compared with it."""

CHUNK = 20_000
WORD = r"[\p{Han}\p{Hiragana}\p{Katakana}]|[\p{L}\p{M}\p{N}]+"

KINDS = ("exact", "run", "near")


@dataclass(frozen=True)
class Listed:
    """The texts to look for."""

    plain: pl.Series
    """Normalised, each once."""
    sets: list[Hashes]
    """Their shingle sets."""
    keys: Hashes
    """(postings,) rare shingles, sorted."""
    owners: NDArray[np.int64]
    """(postings,) the text that each is of."""
    runs: NDArray[np.uint64]
    """Hashes of all runs of words, sorted."""
    run_owners: NDArray[np.int64]
    """The text that each run is of."""

    @classmethod
    def of(cls, plain: pl.Series) -> Listed:
        """Texts ready to be looked for.

        Args:
            plain: Normalised texts, each once.
        """
        sets = [part.of(n) for part in shingle(plain) for n in range(len(part.starts) - 1)]
        sizes = np.array([len(found) for found in sets], dtype=np.int64)
        owners = np.repeat(np.arange(len(sets)), sizes)
        keys = np.concatenate([*sets, np.empty(0, dtype=np.uint32)])
        _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
        rare = counts[inverse] <= RARE
        order = np.argsort(keys[rare], kind="stable")
        text, runs = word_runs(plain)
        by_run = np.argsort(runs, kind="stable")
        return cls(plain, sets, keys[rare][order], owners[rare][order], runs[by_run], text[by_run])


def overlaps(texts: pl.Series, listed: Listed, threshold: float) -> pl.DataFrame:
    """The texts that have something of the listed ones.

    Args:
        texts: As they are.
        listed: What to look for.
        threshold: Share of a listed text's shingles from which on a text nearly repeats it.

    Returns:
        ``text`` and ``listed`` (indices), ``kind`` (``exact``: it is or holds the listed text;
        ``run``: they share 13 words in a row; ``near``), ``share``; the strongest for each text.
    """
    plain = normalise(texts)
    found = [
        _found(plain.slice(at, CHUNK), at, listed, threshold) for at in range(0, len(plain), CHUNK)
    ]
    schema = {"text": pl.Int64, "listed": pl.Int64, "kind": pl.Int64, "share": pl.Float64}
    every = pl.concat([pl.DataFrame(schema=schema), *found])
    best = every.sort(["text", "kind", "share", "listed"], descending=[False, False, True, False])
    first = best.unique("text", keep="first", maintain_order=True)
    return first.with_columns(pl.col("kind").replace_strict(dict(enumerate(KINDS))))


def word_runs(plain: pl.Series) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """(runs,) text and hash of every run of words; a Chinese character counts as a word."""
    words = plain.str.extract_all(WORD)
    counts = words.list.len().to_numpy().astype(np.int64)
    hashes = words.explode().drop_nulls().hash(seed=3).to_numpy()
    rows = np.repeat(np.arange(len(plain)), counts)
    if len(hashes) < RUN:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.uint64)
    runs = np.zeros(len(hashes) - RUN + 1, dtype=np.uint64)
    for step in range(RUN):
        runs = (runs ^ hashes[step : len(hashes) - RUN + 1 + step]) * np.uint64(0x9E3779B97F4A7C15)
        runs ^= runs >> np.uint64(31)
    whole = rows[: len(runs)] == rows[RUN - 1 :]
    return rows[: len(runs)][whole], runs[whole]


def _found(plain: pl.Series, begin: int, listed: Listed, threshold: float) -> pl.DataFrame:
    """What a chunk of texts has of the listed ones."""
    near = _near(plain, listed, threshold)
    text, runs = word_runs(plain)
    shared = _pairs(text, runs, listed.runs, listed.run_owners)
    text, other, share = near
    held = _held(plain, text, other, listed)
    kinds = np.concatenate([np.where(held, 0, 2), np.ones(len(shared), dtype=np.int64)])
    return pl.DataFrame({
        "text": np.concatenate([text, shared[:, 0]]) + begin,
        "listed": np.concatenate([other, shared[:, 1]]),
        "kind": kinds,
        "share": np.concatenate([np.where(held, 1.0, share), np.ones(len(shared))]),
    })  # fmt: skip


def _near(
    plain: pl.Series, listed: Listed, threshold: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Text, listed text, and the share of the latter's shingles that the former has."""
    parts: list[tuple[int, int, float]] = []
    begin = 0
    for part in shingle(plain):
        rows = np.repeat(np.arange(len(part.starts) - 1), np.diff(part.starts))
        pairs = _pairs(rows, part.hashes, listed.keys, listed.owners, HITS)
        for row, other in pairs.tolist():
            share = _share(part, row, listed.sets[other])
            if share >= threshold:
                parts.append((begin + row, other, share))
        begin += len(part.starts) - 1
    found = np.array(parts, dtype=np.float64).reshape(-1, 3)
    return found[:, 0].astype(np.int64), found[:, 1].astype(np.int64), found[:, 2]


def _share(part: Shingles, row: int, wanted: Hashes) -> float:
    shared = np.intersect1d(part.of(row), wanted, assume_unique=True)
    return len(shared) / max(1, len(wanted))


def _pairs(
    rows: NDArray[np.int64],
    keys: NDArray[Any],
    known: NDArray[Any],
    owners: NDArray[np.int64],
    least: int = 1,
) -> NDArray[np.int64]:
    """(pairs, 2) rows and owners of known keys that share at least so many different keys."""
    own = np.unique(np.stack([rows.astype(np.uint64), keys.astype(np.uint64)]), axis=1)
    row, key = own[0].astype(np.int64), own[1].astype(known.dtype)
    low, high = np.searchsorted(known, key, "left"), np.searchsorted(known, key, "right")
    counts = high - low
    offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    both = np.stack([np.repeat(row, counts), owners[np.repeat(low, counts) + offsets]], axis=1)
    if not len(both):
        return np.empty((0, 2), dtype=np.int64)
    pairs, times = np.unique(both, axis=0, return_counts=True)
    enough: NDArray[np.int64] = pairs[times >= least]
    return enough


def _held(
    plain: pl.Series, text: NDArray[np.int64], other: NDArray[np.int64], listed: Listed
) -> NDArray[np.bool_]:
    """Whether the first text holds the whole of the second, as words."""
    mine = (" " + plain.gather(pl.Series(text)) + " ").to_list()
    theirs = listed.plain.gather(pl.Series(other)).to_list()
    return np.array(
        [f" {b} " in a or (b in a and not b.isascii()) for a, b in zip(mine, theirs, strict=True)],
        dtype=bool,
    )
