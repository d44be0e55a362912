"""Which cells hold nothing, and what their absence goes with."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from scipy.stats import chi2

from luthier.data.roles import Role

MOST_COMBINATIONS = 10
"""So many sets of columns that lack together are shown, the most frequent ones."""

MOST_CLASSES = 100
"""A column of more values is no label to compare with."""

FEW, UNLIKELY, STRONG = 10, 1e-3, 0.1
"""Rows on either side, chance (chi-square test) and strength (Cramér's V) from which on absence
goes with the label."""


def is_absent(
    rows: pl.DataFrame, role: Role, markers: Collection[str], text_markers: Collection[str],
    *, empty_answers: bool = True,
) -> pl.Expr:  # fmt: skip
    """Whether a cell holds nothing; never null.

    Args:
        rows: That have the role's column.
        role: Whose kind decides what counts as nothing.
        markers: Whole cells that stand for none, in lower case.
        text_markers: Whole cells that stand for no text, spelt so.
        empty_answers: Whether an empty list of spans is an answer.
    """
    value, dtype = pl.col(role.name), rows.schema[role.name]
    if isinstance(dtype, pl.List):
        return _nothing_listed(value, dtype, role.kind, empty_answers)
    if dtype.is_float():
        return value.is_null() | value.is_nan().fill_null(False)
    if dtype != pl.String:
        return value.is_null()
    bare = value.str.strip_chars()
    if role.kind in ("text", "verbatim"):
        absent = (bare == "") | bare.is_in(list(text_markers))
    else:
        absent = (bare == "") | bare.str.to_lowercase().is_in(list(markers))
    return absent.fill_null(True)


def _nothing_listed(value: pl.Expr, dtype: pl.List, kind: str, empty_answers: bool) -> pl.Expr:
    if kind == "labels":
        # No label at all is an answer where several are allowed.
        return value.is_null()
    said = pl.element()
    if isinstance(dtype.inner, pl.Struct):
        names = [field.name for field in dtype.inner.fields]
        said = said.struct.field("content" if "content" in names else "text")
    if kind in ("dialogue", "spans") or dtype.inner == pl.String:
        blank = said.cast(pl.String).str.strip_chars().fill_null("") == ""
    else:
        blank = said.is_null()
    whole = value.list.eval(blank).list.all()
    if kind == "spans" and empty_answers:
        # As in SQuAD 2.0: the text does not hold the answer.
        whole = whole & (value.list.len() > 0)
    return whole.fill_null(True)


def pattern(absent: pl.DataFrame, labels: pl.Series | None) -> dict[str, Any]:
    """``columns`` (column -> rows without it), ``together`` and ``with_label``; JSON.

    ``together`` lists sets of columns that lack in the same rows, with their rows; ``with_label``
    the columns whose absence goes with the label: ``strength`` (Cramér's V), ``p`` and
    ``shares`` (label -> share of its rows without the column).

    Args:
        absent: Boolean columns: whether each row lacks it.
        labels: Of the rows, if there are such.
    """
    counts = {name: int(column.sum()) for name, column in absent.to_dict().items()}
    lacking = {name: count for name, count in counts.items() if count}
    found: dict[str, Any] = {"columns": lacking, "together": [], "with_label": {}}
    if not lacking:
        return found
    names = list(lacking)
    sets = absent.select(names).filter(pl.sum_horizontal(names) > 1)
    counted = sets.group_by(pl.all(), maintain_order=True).len("_rows")
    counted = counted.sort("_rows", descending=True, maintain_order=True).head(MOST_COMBINATIONS)
    for row in counted.iter_rows(named=True):
        together = [name for name in names if row[name]]
        found["together"].append({"columns": together, "rows": row["_rows"]})
    if labels is not None and 2 <= labels.n_unique() <= MOST_CLASSES:
        found["with_label"] = _with_label(absent.select(names), labels)
    return found


def _with_label(absent: pl.DataFrame, labels: pl.Series) -> dict[str, Any]:
    keyed = absent.with_columns(labels.alias("_label")).drop_nulls("_label")
    sums = keyed.group_by("_label").agg(pl.all().sum(), pl.len().alias("_rows")).sort("_label")
    names, sizes = sums["_label"].to_list(), sums["_rows"].to_numpy()
    result = {}
    for column in absent.columns:
        lacking = sums[column].to_numpy().astype(float)
        strength, chance = association(np.stack([lacking, sizes - lacking]))
        if strength >= STRONG and chance < UNLIKELY:
            shares = dict(zip(names, (round(float(s), 4) for s in lacking / sizes), strict=True))
            result[column] = {"strength": round(strength, 4), "p": chance, "shares": shares}
    return result


def association(table: np.ndarray[Any, Any]) -> tuple[float, float]:
    """Cramér's V and the chance of independence (chi-square) of a table of counts (2, classes)."""
    table = table[:, table.sum(0) > 0]
    total, sides = table.sum(), table.sum(1)
    if sides.min(initial=np.inf) < FEW or table.shape[1] < 2:
        return 0.0, 1.0
    expected = np.outer(sides, table.sum(0)) / total
    statistic = float(((table - expected) ** 2 / expected).sum())
    return float(np.sqrt(statistic / total)), float(chi2.sf(statistic, table.shape[1] - 1))


def most_frequent(values: pl.Series) -> Any:
    """The value of most rows, the smallest of several; None where there is none."""
    counts = values.drop_nulls().alias("value").to_frame().group_by("value").len()
    top = counts.sort("len", "value", descending=[True, False]).head(1)
    return None if top.is_empty() else top["value"][0]


def median(values: pl.Series) -> float | None:
    """Of the numbers among the values, which may be text."""
    numbers = values.cast(pl.Float64, strict=False)
    found = numbers.filter(numbers.is_finite().fill_null(False)).median()
    return None if found is None else float(found)  # type: ignore[arg-type]


def filled(rows: pl.DataFrame, column: str, lacking: pl.Series, value: Any) -> pl.DataFrame:
    """Rows with a value in the cells that lack; the column gets a type that can hold it."""
    dtype = rows.schema[column]
    if dtype == pl.String and not isinstance(value, str):
        value = f"{value:g}" if isinstance(value, float) else str(value)
    if dtype.is_integer() and isinstance(value, float):
        dtype = pl.Float64()
    put = pl.when(lacking).then(pl.lit(value)).otherwise(pl.col(column).cast(dtype))
    return rows.with_columns(put.alias(column))


def shown_harm(found: Mapping[str, Any], columns: Sequence[str]) -> float:
    """How much a pattern may hurt: the strength with which the absence of a column tells."""
    strengths = [found["with_label"][c]["strength"] for c in columns if c in found["with_label"]]
    return round(min(0.7, 0.2 + 0.5 * max(strengths, default=0.0)), 2)
