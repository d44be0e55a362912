"""Rows shared between splits: a test row that was trained on measures memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from luthier.core.lazy import lazy
from luthier.data.operator import Context, Operator
from luthier.data.roles import SPLIT
from luthier.recipe.registries import PREPARATION

if TYPE_CHECKING:
    import polars as pl
else:
    pl = lazy("polars")


@PREPARATION.register
class Shared(Operator):
    """Keep a text in one split only: in test before validation before train."""

    kind: Literal["shared"] = "shared"
    """This step."""

    def apply(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """Rows of train and validation whose text is in no split after theirs."""
        texts = context.named("text")
        for split, later in (("validation", ["test"]), ("train", ["test", "validation"])):
            reserved = rows.filter(pl.col(SPLIT).is_in(later)).select(texts).unique()
            mine = pl.col(SPLIT) == split
            leaked = rows.filter(mine).join(reserved, on=texts, how="semi", nulls_equal=True)
            context.ledger.record(
                self.kind, "dropped", leaked, f"its text is in {' or '.join(later)} too",
                before=pl.col(texts[0]),
            )  # fmt: skip
            keys = ["_source", "_row"]
            rows = rows.join(leaked.select(keys), on=keys, how="anti", maintain_order="left")
        return rows
