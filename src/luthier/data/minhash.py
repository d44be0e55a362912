"""Near copies among many texts: MinHash signatures (Broder 1997), bands, verified Jaccard."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from luthier.data.shingles import Shingles, jaccard, normalise, shingle

BANDS, ROWS = 24, 5
"""A pair of Jaccard similarity s becomes a candidate with probability 1 - (1 - s^5)^24: 0.9999 at
0.8, 0.86 at 0.6, 0.53 at 0.5 (Leskovec, Rajaraman and Ullman 2014, section 3.4)."""

MOST_OTHERS = 20
"""Texts of a bucket that one text is paired with, of those it is compared to."""

MOST_ORIGINALS = 50
"""Texts of a cluster that others are measured against, which bounds the cost of a large one."""

EMPTY = np.uint32(0xFFFFFFFF)
"""In the signature of a text without shingles."""

Pairs = NDArray[np.int64]
"""(pairs, 2) indices of texts, the earlier one first."""

_SEED = 20_240_229

Item = TypeVar("Item")
Result = TypeVar("Result")


def signatures(texts: pl.Series, workers: int = 1) -> NDArray[np.uint32]:
    """MinHash signatures: (texts, BANDS * ROWS).

    Args:
        texts: Normalised.
        workers: Threads; the result does not depend on them.
    """
    random = np.random.default_rng(_SEED)
    factors = random.integers(0, 2**32, BANDS * ROWS, dtype=np.uint64).astype(
        np.uint32
    ) | np.uint32(1)
    masks = random.integers(0, 2**32, BANDS * ROWS, dtype=np.uint64).astype(np.uint32)
    parts = in_order(shingle(texts), lambda part: _signatures(part, factors, masks), workers)
    empty = np.empty((0, BANDS * ROWS), dtype=np.uint32)
    return np.concatenate([empty, *parts])


def candidates(signed: NDArray[np.uint32], others: NDArray[np.uint32] | None = None) -> Pairs:
    """Pairs that agree in a whole band.

    Texts of a bucket are paired with the bucket's first and with the one before them, not all with
    all, so that many like texts cost no more than others; who is near through a third text is
    found in another band, or joined by it.

    Args:
        signed: Signatures of texts.
        others: Signatures of other texts to pair them with, instead of with each other: then
            every pair is (index in ``signed``, index in ``others``).
    """
    keys = np.arange(BANDS, dtype=np.uint64)
    found = [np.empty((0, 2), dtype=np.int64)]
    for band in range(BANDS):
        mine = _band(signed, band) ^ keys[band]
        if others is None:
            found.append(_within(mine, signed[:, 0] != EMPTY))
        else:
            found.append(_between(mine, _band(others, band) ^ keys[band]))
    pairs = np.concatenate(found)
    return np.unique(pairs, axis=0) if len(pairs) else pairs


def verified(
    texts: pl.Series, pairs: Pairs, threshold: float, others: pl.Series | None = None
) -> tuple[Pairs, NDArray[np.float64]]:
    """Those of the pairs whose shingle sets are at least so similar, with their similarity.

    Args:
        texts: Normalised.
        pairs: From :func:`candidates`.
        threshold: Least Jaccard similarity.
        others: The second texts of the pairs where they are not among ``texts``.
    """
    if not len(pairs):
        return pairs, np.empty(0)
    left = _sets(texts, pairs[:, 0])
    right = _sets(texts if others is None else others, pairs[:, 1])
    similar = np.array([jaccard(left[a], right[b]) for a, b in pairs.tolist()])
    near = similar >= threshold
    return pairs[near], similar[near]


def near_copies(
    texts: pl.Series,
    threshold: float,
    ranks: NDArray[np.int64],
    *,
    same_numbers: bool = True,
    workers: int = 1,
) -> pl.DataFrame:
    """Texts that are nearly the same as one that goes before them.

    Every near copy is measured against an original that is none itself: in a cluster the text of
    the lowest rank, the first of these; then, among those too far from it, the next such.

    Args:
        texts: As they are.
        threshold: Least Jaccard similarity.
        ranks: (texts,) who goes before whom.
        same_numbers: Whether texts with other numbers in them are no copies.
        workers: Threads; the result does not depend on them.

    Returns:
        ``copy`` and ``original`` (indices) and ``jaccard``, in the order of ``copy``.
    """
    plain = normalise(texts)
    pairs, _ = verified(plain, candidates(signatures(plain, workers)), threshold)
    figures = np.zeros(len(plain), dtype=np.int64)
    if same_numbers and len(pairs):
        named = plain.str.extract_all(r"\d+").list.join(" ")
        figures = named.rank("dense").to_numpy().astype(np.int64)
        pairs = pairs[figures[pairs[:, 0]] == figures[pairs[:, 1]]]
    members = np.unique(pairs)
    sets = _sets(plain, members)
    heads = joined(len(plain), pairs)[members]
    found: list[tuple[int, int, float]] = []
    order = np.lexsort((members, ranks[members], heads))
    for cluster in np.split(members[order], np.flatnonzero(np.diff(heads[order])) + 1):
        found += _led(cluster.tolist(), sets, threshold)
    schema = {"copy": pl.Int64, "original": pl.Int64, "jaccard": pl.Float64}
    return pl.DataFrame(found, schema=schema, orient="row").sort("copy")


def _led(
    waiting: list[int], sets: dict[int, NDArray[np.uint32]], threshold: float
) -> Iterator[tuple[int, int, float]]:
    """(copy, original, similarity) within a cluster, whose first goes before the others."""
    for _ in range(MOST_ORIGINALS):
        if len(waiting) < 2:
            return
        original, *others = waiting
        similar = [jaccard(sets[original], sets[other]) for other in others]
        near = zip(others, similar, strict=True)
        yield from ((other, original, s) for other, s in near if s >= threshold)
        waiting = [other for other, s in zip(others, similar, strict=True) if s < threshold]


def joined(count: int, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
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
    smallest: NDArray[np.int64] = first[component]
    return smallest


def in_order(
    items: Iterable[Item], work: Callable[[Item], Result], workers: int
) -> Iterator[Result]:
    """The results in the order of the items, computed by so many threads, few ahead of use."""
    if workers < 2:
        yield from map(work, items)
        return
    waiting = iter(items)
    with ThreadPoolExecutor(workers) as pool:
        running = [pool.submit(work, item) for item in islice(waiting, workers + 1)]
        while running:
            done = running.pop(0).result()
            running += [pool.submit(work, item) for item in islice(waiting, 1)]
            yield done


def _signatures(
    part: Shingles, factors: NDArray[np.uint32], masks: NDArray[np.uint32]
) -> NDArray[np.uint32]:
    counts = np.diff(part.starts)
    present = counts > 0
    signed = np.full((len(counts), len(factors)), EMPTY, dtype=np.uint32)
    if present.any():
        starts = part.starts[:-1][present]
        for column, (factor, mask) in enumerate(zip(factors, masks, strict=True)):
            mixed = (part.hashes ^ mask) * factor
            signed[present, column] = np.minimum.reduceat(mixed, starts)
    return signed


def _band(signed: NDArray[np.uint32], band: int) -> NDArray[np.uint64]:
    """One hash of each signature's rows in a band."""
    key = np.zeros(len(signed), dtype=np.uint64)
    for column in range(band * ROWS, (band + 1) * ROWS):
        key = (key ^ signed[:, column]) * np.uint64(0x9E3779B97F4A7C15)
        key ^= key >> np.uint64(29)
    return key


def _within(keys: NDArray[np.uint64], usable: NDArray[np.bool_]) -> Pairs:
    """Each text with the first of its bucket and the one before it."""
    rows = np.flatnonzero(usable)
    order = rows[np.argsort(keys[rows], kind="stable")]
    ranked = keys[order]
    same = np.flatnonzero(ranked[1:] == ranked[:-1]) + 1
    if not len(same):
        return np.empty((0, 2), dtype=np.int64)
    heads = np.concatenate([[True], ranked[1:] != ranked[:-1]])
    first = np.maximum.accumulate(np.where(heads, np.arange(len(order)), 0))
    to_first = np.stack([order[first[same]], order[same]], axis=1)
    to_last = np.stack([order[same - 1], order[same]], axis=1)
    return np.concatenate([to_first, to_last])


def _between(keys: NDArray[np.uint64], others: NDArray[np.uint64]) -> Pairs:
    """Each text with the others of its bucket."""
    order = np.argsort(others, kind="stable")
    ranked = others[order]
    low, high = np.searchsorted(ranked, keys, "left"), np.searchsorted(ranked, keys, "right")
    counts = np.minimum(high - low, MOST_OTHERS)
    rows = np.repeat(np.arange(len(keys)), counts)
    offsets = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.stack([rows, order[np.repeat(low, counts) + offsets]], axis=1)


def _sets(texts: pl.Series, wanted: NDArray[np.int64]) -> dict[int, NDArray[np.uint32]]:
    """Index to shingle set, of the wanted texts only."""
    indices = np.unique(wanted)
    chosen = texts.gather(pl.Series(indices))
    sets: dict[int, NDArray[np.uint32]] = {}
    for part in shingle(chosen):
        for text in range(len(part.starts) - 1):
            sets[int(indices[len(sets)])] = part.of(text)
    return sets
