"""Dividing rows into train, validation and test, as the recipe wants it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from luthier.data.operator import Context
from luthier.data.roles import SPLIT
from luthier.data.strata import divide
from luthier.recipe.schema import Data


def split_rows(rows: pl.DataFrame, config: Data, context: Context, given: set[str]) -> pl.DataFrame:
    """Rows with the splits that no source brought, and only labels that train has.

    Args:
        rows: Prepared rows with the split of their source.
        config: Limit, shares and seed.
        context: Where notes and dropped rows go.
        given: Splits that have a source.
    """
    if config.limit is not None:
        rows, out = _sample(rows, config.limit, config.split.seed)
        context.ledger.record("limit", "dropped", out, f"beyond the limit of {config.limit}")
    shares = {"test": config.split.test, "validation": config.split.validation}
    wanted = {name: share for name, share in shares.items() if name not in given and share > 0}
    labels = context.named("label", "labels")
    if labels and wanted:
        _note_single(rows, labels[0], context)
    rows = divide(
        rows, wanted, texts=context.named("text"), seed=config.split.seed,
        label=labels[0] if labels and config.split.stratify else None,
    )  # fmt: skip
    for name in labels:
        rows = _without_unknown(rows, name, context)
    return rows


def _note_single(rows: pl.DataFrame, label: str, context: Context) -> None:
    counts = flat(rows.filter(pl.col(SPLIT) == "train")[label]).value_counts(name="n")
    single = counts.filter(pl.col("n") == 1)[label].drop_nulls().sort().to_list()
    if single:
        context.notes.append(f"labels with one row only, which stays in train: {_some(single)}")


def _without_unknown(rows: pl.DataFrame, name: str, context: Context) -> pl.DataFrame:
    """Rows whose labels occur in train; others could neither be learned nor measured fairly."""
    strange = _unknown_labels(rows, name)
    lost = rows.filter(strange)
    listed = isinstance(rows.schema[name], pl.List)
    context.ledger.record(
        "split", "dropped", lost, "its label does not occur in train",
        before=pl.col(name).list.join(", ") if listed else pl.col(name),
    )  # fmt: skip
    if len(lost):
        known = set(flat(rows.filter(pl.col(SPLIT) == "train")[name]).to_list())
        names = sorted(set(flat(lost[name]).drop_nulls().to_list()) - known)
        context.notes.append(f"{len(lost)} rows left out whose label train lacks: {_some(names)}")
    return rows.filter(~strange)


def _some(names: Sequence[str], most: int = 10) -> str:
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")


def flat(labels: pl.Series) -> pl.Series:
    """Single labels, of rows with one as of rows with several."""
    return labels.explode() if isinstance(labels.dtype, pl.List) else labels


def _sample(rows: pl.DataFrame, limit: int, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """At most ``limit`` rows of split train, and those left out; order is kept."""
    pool = rows[SPLIT].eq_missing("train").arg_true().to_numpy()
    out = np.random.default_rng(seed).permutation(pool)[limit:]
    gone = pl.Series(np.isin(np.arange(len(rows)), out), dtype=pl.Boolean)
    return rows.filter(~gone), rows.filter(gone)


def _unknown_labels(rows: pl.DataFrame, column: str) -> pl.Series:
    """Of every row outside train: whether it has a label that no row of train has."""
    train = rows.filter(pl.col(SPLIT) == "train")[column]
    if isinstance(train.dtype, pl.List):
        known = train.explode().drop_nulls().unique()
        strange = pl.col(column).list.set_difference(known.implode()).list.len() > 0
    else:
        strange = ~pl.col(column).is_in(train.unique().implode())
    return rows.select((strange & (pl.col(SPLIT) != "train")).fill_null(False)).to_series()
