"""How labels and lengths are distributed, before and after preparation."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from luthier.data.operator import Context
from luthier.data.split import flat
from luthier.data.texts import is_said, row_texts

EDGES = (1, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 50_000)
"""Characters from which on a text falls into the next bin of the histogram."""

MOST_LABELS = 50
"""So many labels are listed, the most frequent ones."""


def distributions(rows: pl.DataFrame, context: Context) -> dict[str, Any]:
    """``rows``, ``labels`` (label -> rows, most frequent first) and ``lengths`` (histogram).

    The histogram has one count for every bin of ``EDGES``, and one below the first.
    """
    said = row_texts(rows, context) if is_said(context) else pl.Series(dtype=pl.String)
    lengths = said.str.len_chars().to_numpy()
    bins = np.bincount(np.searchsorted(EDGES, lengths, side="right"), minlength=len(EDGES) + 1)
    return {
        "rows": len(rows),
        "labels": dict(list(label_counts(rows, context).items())[:MOST_LABELS]),
        "lengths": [int(count) for count in bins],
    }


def label_counts(rows: pl.DataFrame, context: Context) -> dict[str, int]:
    """Rows of each label, most frequent first; empty where rows have no label of few values."""
    names = context.named("label", "labels")
    if not names:
        return {}
    labels = flat(rows[names[0]]).cast(pl.String).drop_nulls().to_frame("label")
    counts = labels.group_by("label").len().sort("len", "label", descending=[True, False])
    return {str(label): int(count) for label, count in counts.iter_rows()}
