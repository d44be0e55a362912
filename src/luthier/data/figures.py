"""Numbers and yes-or-no written as text, in the ways of several countries."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

YES = ("yes", "true", "是", "真")
NO = ("no", "false", "否", "假")
LETTERS = {"y": True, "n": False, "t": True, "f": False}
"""Read as yes and no only where a column has nothing else."""

UNITS = {"万": 1e4, "萬": 1e4, "亿": 1e8, "億": 1e8, "%": 0.01, "‰": 0.001}
"""What stands behind a number and what it is multiplied by."""

WHOLE_UP_TO = 2.0**53
"""Floats below this hold whole numbers exactly."""

_CURRENCY = r"^([+-]?)\s*(?:[¥$€£₩₹]|RMB|CNY|USD|EUR|GBP|US\$|HK\$|NT\$)\s*"
_CURRENCY_AFTER = r"\s*(?:元|块|円|원|[¥$€£₩₹]|RMB|CNY|USD|EUR|GBP)$"
_POINT = (r",\d{3}\.\d", r"^[+-]?\d{1,3}(,\d{3}){2,}$", r"^[+-]?\d*\.(\d{1,2}|\d{4,})$")
"""Cells that show: the point is decimal, commas part thousands."""
_COMMA = (r"\.\d{3},\d", r"^[+-]?\d{1,3}(\.\d{3}){2,}$", r"^[+-]?\d*,(\d{1,2}|\d{4,})$")
"""Cells that show: the comma is decimal, points part thousands."""
_BY_POINT = r"^[+-]?(?:\d+|\d{1,3}(?:[, ']\d{3})+)?(?:\.\d*)?(?:[eE][+-]?\d+)?$"
_BY_COMMA = r"^[+-]?(?:\d+|\d{1,3}(?:[. ']\d{3})+)?(?:,\d*)?$"


@dataclass(frozen=True)
class Figures:
    """What the cells of a column mean."""

    values: pl.Series
    """Whole numbers (Int64), numbers (Float64) or Boolean; null where a cell is none."""
    plain: pl.Series
    """Whether a cell is written as any program reads it, so that nothing changes but its type."""
    guessed: bool = False
    """Whether commas were taken to part thousands though no cell shows it."""


def read_booleans(cells: pl.Series) -> pl.Series | None:
    """Cells as yes or no, where all of them are and both occur; else None."""
    bare = pl.col("cell").str.normalize("NFKC").str.strip_chars().str.to_lowercase()
    folded = cells.cast(pl.String).rename("cell").to_frame().select(bare).to_series()
    words = set(folded.unique().drop_nulls().head(9).to_list())
    words_of = {**dict.fromkeys(YES, True), **dict.fromkeys(NO, False)}
    known = LETTERS if words and words <= set(LETTERS) else words_of
    if not words <= set(known) or len({known[word] for word in words}) < 2:
        return None
    return folded.replace_strict(known, default=None, return_dtype=pl.Boolean).rename(cells.name)


def read_figures(cells: pl.Series) -> Figures | None:
    """Cells of text as numbers; None for codes: numbers with leading zeros, or too long.

    ``1,234.5`` and ``1.234,5`` are told apart by the cells that can be read in one way only;
    where there are none, a comma before three digits parts thousands and a point is decimal.
    A percentage is its share: ``12%`` is 0.12.
    """
    text = cells.rename("cell").to_frame()
    table = text.unique(maintain_order=True).drop_nulls().with_columns(bare=_bare())
    if table.select(pl.col("bare").str.contains(r"^[+-]?0\d").any()).item():
        return None
    marks = table.select(
        *(pl.any_horizontal(pl.col("bare").str.contains(one) for one in way).any().alias(name)
          for name, way in (("point", _POINT), ("comma", _COMMA))),
        unsure=pl.col("bare").str.contains(r"^[+-]?\d{1,3},\d{3}$").any(),
    ).row(0, named=True)  # fmt: skip
    by_comma = pl.lit(marks["comma"] and not marks["point"])
    own_comma = pl.any_horizontal(pl.col("bare").str.contains(one) for one in _COMMA)
    own_point = pl.any_horizontal(pl.col("bare").str.contains(one) for one in _POINT)
    table = table.with_columns(_decimal(own_comma | (by_comma & ~own_point)).alias("number"))
    units = table.select(pl.col("number") * _unit()).to_series().alias("number")
    values = _whole(table.with_columns(units))
    if values is None:
        return None
    plain = pl.col("cell").cast(pl.Float64, strict=False) == pl.col("value")
    found = table.with_columns(values.alias("value")).select("cell", "value", plain=plain)
    joined = text.join(found, on="cell", how="left", maintain_order="left")
    guessed = bool(marks["unsure"]) and marks["point"] == marks["comma"]
    return Figures(joined["value"].rename(cells.name), joined["plain"].fill_null(False), guessed)


def _bare() -> pl.Expr:
    """Cells without currency, with signs and digits of ASCII; (5) as -5."""
    bare = pl.col("cell").str.normalize("NFKC").str.strip_chars()
    bare = bare.str.replace(r"^\(([^()]*\d[^()]*)\)$", "-$1").str.replace("\u2212", "-")
    bare = bare.str.replace(_CURRENCY, "$1")
    return bare.str.replace(_CURRENCY_AFTER, "").str.replace_all("\u00a0", " ")


def _decimal(by_comma: pl.Expr) -> pl.Expr:
    """The number before its unit."""
    number = pl.col("bare").str.replace(r"\s*[万萬亿億%‰]$", "")
    commas = pl.when(number.str.contains(_BY_COMMA)).then(
        number.str.replace_all(r"[. ']", "").str.replace(",", ".", literal=True)
    )
    points = pl.when(number.str.contains(_BY_POINT)).then(number.str.replace_all(r"[, ']", ""))
    found = pl.when(by_comma).then(commas).otherwise(points).cast(pl.Float64, strict=False)
    return pl.when(found.is_finite()).then(found)


def _unit() -> pl.Expr:
    last = pl.col("bare").str.slice(-1)
    return last.replace_strict(UNITS, default=1.0, return_dtype=pl.Float64)


def _whole(table: pl.DataFrame) -> pl.Series | None:
    """Numbers as Int64 where all are whole, exactly; None where floats would lose digits."""
    numbers = table["number"]
    present = numbers.drop_nulls()
    if bool((present.abs() < WHOLE_UP_TO).all()):
        whole = bool((present == present.round(0)).all())
        written = not table["bare"].str.contains(r"[.eE]\d").any()
        return numbers.cast(pl.Int64) if whole and written else numbers
    exact = table["bare"].str.replace_all(",", "", literal=True).cast(pl.Int64, strict=False)
    if exact.null_count() == numbers.null_count():
        return exact
    digits = table["bare"].str.contains(r"^[+-]?\d{16,}$").any()
    return None if digits else numbers
