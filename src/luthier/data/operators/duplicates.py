"""Exact duplicates."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from luthier.core.lazy import lazy
from luthier.data.operator import Context, Defaults, Operator, Scope, everywhere
from luthier.data.roles import SPLIT
from luthier.recipe.registries import PREPARATION

if TYPE_CHECKING:
    import polars as pl
else:
    pl = lazy("polars")


@PREPARATION.register
class Duplicates(Operator):
    """Keep one of rows that say the same: same text, same label, same split."""

    scope: ClassVar[Scope] = "table"
    place: ClassVar[int] = 410
    defaults: ClassVar[Defaults] = everywhere()

    kind: Literal["duplicates"] = "duplicates"
    """This step."""

    def apply(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """The first of each; the others are in the ledger."""
        same = [role.name for role in context.roles if role.kind != "extra"]
        repeated = rows.select(~pl.struct(*same, SPLIT).is_first_distinct()).to_series()
        text = context.named("text")[0]
        context.ledger.record(
            self.kind, "dropped", rows.filter(repeated), "same as an earlier row",
            before=pl.col(text),
        )  # fmt: skip
        return rows.filter(~repeated)
