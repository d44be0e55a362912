"""Written texts as people read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from luthier.metrics import Wanted, Written, quality

SCORED = 300
"""Rows among which samples are chosen."""

LONGEST = 2000
"""Characters shown of a text."""


def samples(
    sources: Sequence[str],
    written: Sequence[Written],
    wanted: Sequence[Wanted],
    metric: str,
    count: int,
) -> list[dict[str, Any]]:
    """So many rows, evenly from the worst to the best.

    Args:
        sources: (rows,) what was given.
        written: (rows,) what was written.
        wanted: (rows,) what is known.
        metric: By which each row is scored alone.
        count: Rows to show.
    """
    said = [one.text or "" for one in written]
    scores = quality(said, wanted, [metric])(np.eye(len(said)))[metric]
    order = np.argsort(scores, kind="stable")
    places = np.linspace(0, len(order) - 1, min(count, len(order))).round().astype(np.int64)
    return [
        {
            "text": sources[row][:LONGEST],
            "true": " | ".join(wanted[row].texts)[:LONGEST],
            "predicted": said[row][:LONGEST],
            "score": float(scores[row]),
        }
        for row in order[places]
    ]
