"""Exact duplicates."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from luthier.core.lazy import lazy
from luthier.data.operator import CORPUS, Context, Defaults, Operator, Scope, everywhere
from luthier.data.roles import ANSWERS, SPLIT
from luthier.recipe.registries import PREPARATION

if TYPE_CHECKING:
    import polars as pl

    from luthier.data import texts
else:
    pl, texts = lazy("polars"), lazy("luthier.data.texts")


@PREPARATION.register
class Duplicates(Operator):
    """Keep one of rows that say the same: same text, same label, same split."""

    scope: ClassVar[Scope] = "table"
    place: ClassVar[int] = 410
    defaults: ClassVar[Defaults] = {**everywhere(), CORPUS: {}}

    kind: Literal["duplicates"] = "duplicates"
    """This step."""

    def apply(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """The first of each; the others are in the ledger."""
        said = rows.with_columns(texts.row_keys(rows, context).alias("_said"))
        same = ["_said", SPLIT, *context.named(*ANSWERS, "tags", "heads")]
        repeated = said.select(~pl.struct(same).is_first_distinct()).to_series()
        context.ledger.record(
            self.kind, "dropped", said.filter(repeated), "same as an earlier row",
            before=pl.col("_said"),
        )  # fmt: skip
        return rows.filter(~repeated)
