"""White space: one blank between words, none around."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from luthier.core.lazy import lazy
from luthier.data.operator import Context, Operator
from luthier.recipe.registries import PREPARATION

if TYPE_CHECKING:
    import polars as pl
else:
    pl = lazy("polars")


@PREPARATION.register
class Whitespace(Operator):
    """Collapse runs of blanks and tabs in text to one blank; trim the ends."""

    scope: ClassVar[Literal["text", "row", "table"]] = "text"

    kind: Literal["whitespace"] = "whitespace"
    """This step."""
    line_ends: Literal["join", "keep"] = "join"
    """`join` makes a line end a blank too; `keep` leaves one between lines that have text, for
    texts where lines say who speaks."""

    def apply(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """Text columns with plain white space; changed rows are in the ledger."""
        for column in context.named("text"):
            plain = pl.col(column)
            if self.line_ends == "keep":
                plain = plain.str.replace_all(r"[^\S\n]+", " ").str.replace_all(r" ?\n\s*", "\n")
            else:
                plain = plain.str.replace_all(r"\s+", " ")
            after = rows.select(plain.str.strip_chars()).to_series()
            changed = rows.with_columns(_after=after).filter(
                pl.col(column).ne_missing(pl.col("_after"))
            )
            context.ledger.record(
                self.kind, "changed", changed, f"white space of {column}",
                before=pl.col(column), after=pl.col("_after"),
            )  # fmt: skip
            rows = rows.with_columns(after.alias(column))
        return rows
