"""Numbers and booleans written as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from luthier.core.lazy import lazy
from luthier.data.operator import Context, Operator, Scope
from luthier.data.operators.dates import present
from luthier.recipe.registries import PREPARATION

if TYPE_CHECKING:
    import polars as pl

    from luthier.data import figures
else:
    pl, figures = lazy("polars"), lazy("luthier.data.figures")

SAMPLE = 1000
"""Cells from the beginning that say whether a column can hold numbers at all."""


@PREPARATION.register
class Numbers(Operator):
    """Read other columns of numbers, or of yes and no, that come as text.

    `1,234.5`, `1.234,5`, `12%` (0.12), `￥1,200`, `1.2万`, `１２３`; `是` and `否`, `yes` and `no`.
    Codes with leading zeros stay text.
    """

    scope: ClassVar[Scope] = "row"
    place: ClassVar[int] = 215

    kind: Literal["numbers"] = "numbers"
    """This step."""
    columns: list[str] | None = None
    """The columns that hold numbers; default: those where `share` of the cells are some."""
    share: float = 0.95
    """Share of a column's cells that must be numbers; the others become null."""

    def apply(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """Rows with numbers as numbers; cells that were written otherwise are in the ledger."""
        chosen = context.named("extra") if self.columns is None else self.columns
        for name in chosen:
            if name in rows.columns and rows.schema[name] == pl.String:
                rows = self._typed(rows, name, context)
        return rows

    def _typed(self, rows: pl.DataFrame, name: str, context: Context) -> pl.DataFrame:
        cells = present(rows[name])
        booleans = figures.read_booleans(cells)
        if booleans is not None:
            spelt = rows[name].str.to_lowercase().is_in(["true", "false"])
            return self._entered(rows, booleans, name, spelt, context)
        if not self._enough(cells.drop_nulls().head(SAMPLE), 0.5):
            return rows
        found = figures.read_figures(cells)
        if found is None or not self._shares(cells, found.values, self.share):
            return rows
        if found.guessed:
            context.notes.append(f"{name}: 1,234 is read as 1234, though no cell shows it")
        return self._entered(rows, found.values, name, found.plain, context)

    def _enough(self, cells: pl.Series, share: float) -> bool:
        """Whether a sample has enough numbers to look at all cells."""
        if cells.is_empty():
            return False
        found = figures.read_figures(cells)
        return found is not None and self._shares(cells, found.values, share)

    def _shares(self, cells: pl.Series, values: pl.Series, share: float) -> bool:
        total = len(cells) - cells.null_count()
        return total > 0 and len(values) - values.null_count() >= share * total

    def _entered(
        self, rows: pl.DataFrame, values: pl.Series, name: str, plain: pl.Series, context: Context
    ) -> pl.DataFrame:
        new = rows.with_columns(values.alias(name))
        seen = new.with_columns(rows[name].alias("_before"), plain.alias("_plain"))
        written = (pl.col("_before").str.strip_chars() != "").fill_null(False)
        changed = seen.filter(written & (pl.col(name).is_null() | ~pl.col("_plain")))
        reason = pl.when(pl.col(name).is_null()).then(pl.lit(f"{name} is no number"))
        context.ledger.record(
            self.kind, "changed", changed, reason.otherwise(pl.lit(f"{name} as a number")),
            before=pl.col("_before"), after=pl.col(name).cast(pl.String),
        )  # fmt: skip
        return new
