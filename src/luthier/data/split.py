"""Dividing rows into train, validation and test, as the recipe wants it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from luthier.core.errors import DataError
from luthier.core.names import nearest
from luthier.data.division import by_hash, by_time
from luthier.data.operator import Context
from luthier.data.roles import GROUP, SPLIT
from luthier.data.strata import Indices, by_chance, by_fold, few_of_each
from luthier.data.texts import row_keys
from luthier.data.units import units
from luthier.recipe.schema import Data, Split

SAID_COLUMN = "_said"


def split_rows(rows: pl.DataFrame, config: Data, context: Context, given: set[str]) -> pl.DataFrame:
    """Rows with the splits that no source brought, and only labels that train has.

    Rows of the same text, about the same passage, of the same group that a step found, or with
    the same value in the column ``split.group`` go together.

    Args:
        rows: Prepared rows with the split of their source.
        config: Limit, shares, method and seed.
        context: Where notes and dropped rows go.
        given: Splits that have a source.

    Raises:
        DataError: If a column that the division needs is missing.
    """
    split = config.split
    if config.limit is not None:
        rows, out = _sample(rows, config.limit, split.seed)
        context.ledger.record("limit", "dropped", out, f"beyond the limit of {config.limit}")
    shares = {"test": split.test, "validation": split.validation}
    wanted = {name: share for name, share in shares.items() if name not in given and share > 0}
    labels = context.named("label", "labels")
    if labels and wanted:
        _note_single(rows, labels[0], context)
    label = labels[0] if labels and split.stratify else None
    said = rows.with_columns(row_keys(rows, context).alias(SAID_COLUMN))
    said = _divide(said, split, wanted, label, context)
    if split.few_shot is not None:
        said = _few(said, split.few_shot, labels[0] if labels else None, split.seed, context)
    rows = said.drop(SAID_COLUMN, GROUP, strict=False)
    for name in labels:
        rows = _without_unknown(rows, name, context)
    return rows


def _divide(
    rows: pl.DataFrame, split: Split, wanted: dict[str, float], label: str | None, context: Context
) -> pl.DataFrame:
    """Shares of the rows in split ``train`` moved to other splits; the order stays."""
    inside = rows[SPLIT] == "train"
    pool = rows.filter(inside)
    if pool.is_empty() or not (wanted or split.folds):
        return rows
    bonds = [[SAID_COLUMN], *([[GROUP]] if GROUP in rows.columns else [])]
    bonds += [[name] for name in context.named("verbatim")]
    if split.group is not None:
        bonds.append([_column(split.group, context)])
    unit = units(pool, bonds)
    heads, member = np.unique(unit, return_inverse=True)
    first = pool[heads]
    names = ["train", *wanted]
    if split.folds is not None:
        names, places = _folds(first, split, wanted, label)
    elif split.method == "hash":
        key = split.group and _column(split.group, context)
        places = by_hash(pool[key or SAID_COLUMN], member, list(wanted.values()), split.seed)
    elif split.method == "time":
        column = _column(str(split.time), context)
        places = by_time(pool[column], member, list(wanted.values()))
    else:
        places = by_chance(first, label, list(wanted.values()), split.seed)
    moved = pl.Series(names, dtype=pl.String).gather(pl.Series(places[member]))
    whole = rows[SPLIT].scatter(inside.arg_true(), moved)
    return rows.with_columns(whole.alias(SPLIT))


def _folds(
    heads: pl.DataFrame, split: Split, wanted: dict[str, float], label: str | None
) -> tuple[list[str], Indices]:
    """One fold is the test; a share of the others is for validation."""
    assert split.folds is not None
    test = by_fold(heads, label, split.folds, split.seed) == split.fold
    places = np.where(test, 1, 0)
    share = wanted.get("validation", 0.0)
    if share:
        rest = by_chance(heads.filter(pl.Series(~test)), label, [share], split.seed)
        places[~test] = 2 * rest
    return ["train", "test", "validation"], places


def _few(
    rows: pl.DataFrame, count: int, label: str | None, seed: int, context: Context
) -> pl.DataFrame:
    """The rows with only so many of each class in train."""
    train = (rows[SPLIT] == "train").arg_true()
    chosen = few_of_each(rows[train], label, count, seed)
    gone = pl.repeat(False, len(rows), eager=True).scatter(train, pl.Series(~chosen))
    reason = f"beyond {count} rows of its class"
    context.ledger.record("split", "dropped", rows.filter(gone), reason)
    return rows.filter(~gone)


def _column(name: str, context: Context) -> str:
    """A column that the recipe's split names.

    Raises:
        DataError: If the rows have no such column.
    """
    columns = [role.name for role in context.roles]
    if name in columns:
        return name
    near = nearest(name, columns)
    raise DataError(
        "There is no column '{column}' to divide the rows by.",
        where="data.split",
        hint="Did you mean '{near}'?" if near else "There are: {columns}.",
        column=name,
        near=near,
        columns=", ".join(columns),
    )


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
