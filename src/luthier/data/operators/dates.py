"""Dates: one form for all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Literal

from luthier.core.lazy import lazy
from luthier.data.finding import Finding
from luthier.data.operator import Context, Operator, Scope
from luthier.data.operators.missing import MARKERS
from luthier.recipe.registries import PREPARATION

if TYPE_CHECKING:
    import polars as pl

    from luthier.data import moments
    from luthier.data.moments import Moments, Order
else:
    pl, moments = lazy("polars"), lazy("luthier.data.moments")

NAMES = re.compile(
    r"(^|[^a-z])(date|time|timestamp|datetime|created|updated|published|posted|day|ts|when)"
    r"($|[^a-z])|_at$|日期|时间|時間",
    re.IGNORECASE,
)
"""Names of columns whose numbers are moments."""

SAMPLE = 1000
"""Cells from the beginning that say whether a column can hold dates at all."""


@PREPARATION.register
class Dates(Operator):
    """Write dates in other columns as ISO 8601, whatever forms they come in.

    Years first, days or months first, month names, `2015年2月24日`; in columns named like dates
    also Excel's day numbers, Unix seconds and milliseconds, and `20150224`.
    """

    scope: ClassVar[Scope] = "row"
    place: ClassVar[int] = 210

    kind: Literal["dates"] = "dates"
    """This step."""
    columns: list[str] | None = None
    """The columns that hold dates; default: those where `share` of the cells are some."""
    order: Literal["auto", "day_first", "month_first"] = "auto"
    """What `03/04/2015` means. `auto`: as the column's other cells show, each way of writing by
    itself; where none shows it, the column is left as it is and reported."""
    share: float = 0.95
    """Share of a column's cells that must be dates."""

    def apply(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """Rows with their dates as ISO 8601 text; other cells of such columns are null."""
        chosen = context.named("extra") if self.columns is None else self.columns
        for name in chosen:
            if name in rows.columns and not rows[name].dtype.is_nested():
                rows = self._written(rows, name, context)
        return rows

    def _written(self, rows: pl.DataFrame, name: str, context: Context) -> pl.DataFrame:
        cells = present(rows[name])
        asked = self.columns is not None
        order: Order | None = None if self.order == "auto" else self.order
        numbers = asked or NAMES.search(name) is not None
        if not asked and not self._promising(cells.drop_nulls().head(SAMPLE), order, numbers):
            return rows
        found = moments.read_moments(cells, order, numbers=numbers)
        total = len(cells) - cells.null_count()
        unclear = sum(found.unclear.values())
        if total == 0 or len(cells) - found.iso.null_count() + unclear < self.share * total:
            return rows
        if unclear:
            self._ask(rows, name, found, context)
            return rows
        for form, shown in found.orders.items():
            words = shown.replace("_", " ")
            context.notes.append(f"{name}: dates with {form} are read {words}, as its cells show")
        return self._entered(rows, name, found.iso, context)

    def _promising(self, cells: pl.Series, order: Order | None, numbers: bool) -> bool:
        """Whether a sample has enough dates to look at all cells."""
        if cells.is_empty() or cells.dtype == pl.Boolean:
            return False
        found = moments.read_moments(cells, order, numbers=numbers)
        dates = len(cells) - found.iso.null_count() + sum(found.unclear.values())
        return dates >= 0.5 * len(cells)

    def _entered(
        self, rows: pl.DataFrame, name: str, iso: pl.Series, context: Context
    ) -> pl.DataFrame:
        old = rows[name].cast(pl.String)
        written = (pl.col("_before").str.strip_chars() != "").fill_null(False)
        changed = rows.with_columns(old.alias("_before"), iso.alias("_after")).filter(
            written & pl.col("_before").ne_missing(pl.col("_after"))
        )
        reason = pl.when(pl.col("_after").is_null()).then(pl.lit(f"{name} is no date"))
        context.ledger.record(
            self.kind, "changed", changed, reason.otherwise(pl.lit(f"{name} as ISO 8601")),
            before=pl.col("_before"), after=pl.col("_after"),
        )  # fmt: skip
        return rows.with_columns(iso.alias(name))

    def _ask(self, rows: pl.DataFrame, name: str, found: Moments, context: Context) -> None:
        """A finding and flags: only a person can say which comes first."""
        unclear = rows.filter(rows[name].is_not_null() & found.iso.is_null())
        context.ledger.record(
            self.kind, "flagged", unclear, f"{name}: day or month first?", before=pl.col(name)
        )
        context.findings.append(
            Finding(
                "'{column}' holds dates of which nothing shows whether the day or the month comes "
                "first, e.g. {example}; the column is left as it is.",
                self.kind, 0.2, fix="data.steps.dates.order=day_first",
                fields={
                    "column": name, "example": str(unclear[name][0]),
                    "rows": len(unclear), "forms": found.unclear,
                },
            )
        )  # fmt: skip


def present(cells: pl.Series) -> pl.Series:
    """The cells, null where they only say that nothing is there."""
    if cells.dtype != pl.String:
        return cells
    bare = pl.col(cells.name).str.strip_chars().str.to_lowercase()
    nothing = (bare == "") | (bare == "-") | bare.is_in(list(MARKERS))
    return cells.to_frame().select(pl.when(~nothing).then(pl.col(cells.name))).to_series()
