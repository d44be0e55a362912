"""Which rows an epoch has, where several sets of them are mixed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Plan:
    """The shares that sets of rows have of an epoch.

    An epoch has as many rows as there are. Of a set that is drawn less often than it has rows,
    an epoch sees a part, and the next one goes on with the rest; of one that is drawn more often
    every row is seen again only after all of its set were.
    """

    sets: Rows = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """(rows,) number of each row's set; empty: all are of one."""
    shares: tuple[float, ...] = ()
    """Of an epoch's rows, by set; they add up to 1. Empty: as many as there are."""

    @classmethod
    def tempered(cls, sets: Rows, temperature: float) -> Plan:
        """Shares as the sizes of the sets to the power 1 / temperature (Devlin et al. 2019, mBERT).

        Args:
            sets: (rows,) number of each row's set.
            temperature: 1: by size; infinite: all alike.
        """
        sizes = np.bincount(sets).astype(np.float64)
        flat = sizes > 0 if np.isinf(temperature) else sizes ** (1 / temperature)
        flat = np.asarray(flat, dtype=np.float64)
        shares = flat / float(flat.sum())
        return cls(sets, tuple(shares.tolist()))

    def epoch(self, count: int, *, seed: int, epoch: int) -> Rows:
        """The rows of an epoch, set by set, a row perhaps several times.

        Args:
            count: Rows there are.
            seed: Of the run.
            epoch: Counted from 0.
        """
        if not self.shares:
            return np.arange(count)
        ends = np.rint(np.cumsum([0.0, *self.shares]) * count).astype(np.int64)
        return np.concatenate([
            self._of(number, int(drawn) * epoch, int(drawn) * (epoch + 1), seed)
            for number, drawn in enumerate(np.diff(ends))
        ])  # fmt: skip

    def _of(self, number: int, start: int, end: int, seed: int) -> Rows:
        """A set's rows from ``start`` to ``end`` in the endless row of its permutations."""
        members = np.flatnonzero(self.sets == number)
        if not len(members) or start == end:
            return members[:0]
        return members[endless(len(members), start, end, seeds=(seed, number))]


def endless(count: int, start: int, end: int, *, seeds: Sequence[int]) -> Rows:
    """Rows from ``start`` to ``end`` of an endless sequence of permutations of ``count`` rows.

    Args:
        count: Rows there are; at least one.
        start: Place in the sequence, from 0.
        end: Behind the last place.
        seeds: Decide the permutations.
    """
    if start == end:
        return np.zeros(0, dtype=np.int64)
    first, last = start // count, (end - 1) // count
    turns = [
        np.random.default_rng((*seeds, turn)).permutation(count) for turn in range(first, last + 1)
    ]
    return np.concatenate(turns)[start - first * count : end - first * count]
