"""White space: one blank between words, none around."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from luthier.core.lazy import lazy
from luthier.data.operator import Context, Operator
from luthier.recipe.registries import PREPARATION

if TYPE_CHECKING:
    import polars as pl
else:
    pl = lazy("polars")


@PREPARATION.register
class Whitespace(Operator):
    """Collapse runs of blanks, tabs and line ends in text to one blank; trim the ends."""

    kind: Literal["whitespace"] = "whitespace"
    """This step."""

    def apply(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """Text columns with plain white space; changed rows are in the ledger."""
        for column in context.named("text"):
            plain = pl.col(column).str.replace_all(r"\s+", " ").str.strip_chars()
            changed = rows.filter(pl.col(column).ne_missing(plain))
            context.ledger.record(
                self.kind, "changed", changed, f"white space of {column}",
                before=pl.col(column), after=plain,
            )  # fmt: skip
            rows = rows.with_columns(plain.alias(column))
        return rows
