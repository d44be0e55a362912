"""How often the rows of each source are in train."""

from __future__ import annotations

import numpy as np
import polars as pl

from luthier.data.operator import Context
from luthier.data.roles import ADDED, SOURCE, SPLIT, WEIGHT
from luthier.data.strata import drawn

KIND = "weight"
"""Under which the ledger has rows that a weight repeats or leaves out."""

PLACE = 600
"""Steps of this place and later see the rows as often as they are in train: those that even
classes out or make new rows. Those before it compare rows, so they see each once."""


def weighed(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Rows of train repeated, or some left out, as the weights of their sources say.

    A weight of 2.5 has every row twice, and a half of them, chosen by the seed, a third time.
    Repetitions stand behind all rows.

    Args:
        rows: Divided rows.
        context: Whose ledger gets every row that is repeated or left out.
    """
    if WEIGHT not in rows.columns:
        return rows
    random = np.random.default_rng(context.seed)
    numbered = rows.select(SOURCE, WEIGHT, SPLIT).with_row_index("_place")
    weighted = numbered.filter((pl.col(SPLIT) == "train") & (pl.col(WEIGHT) != 1))
    kept, copies = np.ones(len(rows), dtype=bool), []
    for _, mine in weighted.group_by(SOURCE, WEIGHT, maintain_order=True):
        places = mine["_place"].to_numpy().astype(np.int64)
        wanted = max(1, round(float(mine[WEIGHT][0]) * len(places)))
        copies.append(drawn(places, wanted - len(places), random))
        if wanted < len(places):
            kept[places] = False
            kept[random.permutation(places)[:wanted]] = True
    why = pl.format("weight {} of its source", WEIGHT)
    context.ledger.record(KIND, "dropped", rows.filter(pl.Series(~kept)), why)
    left = rows.filter(pl.Series(kept))
    repeated = rows[np.concatenate(copies)] if copies else rows[:0]
    context.ledger.record(KIND, "added", repeated, why)
    if repeated.is_empty():
        return left.drop(WEIGHT)
    if ADDED not in left.columns:
        left = left.with_columns(pl.lit(None, dtype=pl.String).alias(ADDED))
    added = repeated.with_columns(pl.lit(KIND).alias(ADDED))
    return pl.concat([left, added.select(left.columns)]).drop(WEIGHT)
