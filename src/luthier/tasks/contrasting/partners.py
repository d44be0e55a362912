"""Which texts each text is compared with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SEED = 20_260_101
"""Partners are a function of the rows alone."""

NONE = -1
"""Stands for a partner that there is not: the row is the only one of its class."""


def partners(classes: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Rows to compare each row with: (rows, count), by number.

    The first half are others of its class, the second half of other classes, drawn by chance and
    different from each other as far as there are so many. ``NONE`` where there is none.

    Args:
        classes: (rows,) class indices.
        count: Partners of a row; even.
    """
    random = np.random.default_rng(SEED)
    inside = {name: np.flatnonzero(classes == name) for name in np.unique(classes)}
    outside = {name: np.flatnonzero(classes != name) for name in inside}
    return np.stack(
        [
            np.concatenate(
                [
                    _drawn(inside[name], count // 2, random, without=row),
                    _drawn(outside[name], count // 2, random),
                ]
            )
            for row, name in enumerate(classes)
        ]
    )


def _drawn(
    pool: NDArray[np.int64], count: int, random: np.random.Generator, without: int = NONE
) -> NDArray[np.int64]:
    """So many of the pool, again and again from the start where it is too small."""
    chosen = random.choice(pool, min(count + 1, len(pool)), replace=False)
    chosen = chosen[chosen != without][:count]
    return np.resize(chosen, count) if len(chosen) else np.full(count, NONE)
