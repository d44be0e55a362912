"""Rows shared between splits: a test row that was trained on measures memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from luthier.core.lazy import lazy
from luthier.data.operator import Context, Defaults, Operator, Scope, everywhere
from luthier.data.roles import SPLIT
from luthier.recipe.registries import PREPARATION

if TYPE_CHECKING:
    import polars as pl

    from luthier.data import texts
else:
    pl, texts = lazy("polars"), lazy("luthier.data.texts")

LATER = {"validation": ("test",), "train": ("test", "validation")}
"""Split to those that keep a text which both have."""


@PREPARATION.register
class Shared(Operator):
    """Keep a text in one split only: in test before validation before train."""

    scope: ClassVar[Scope] = "table"
    place: ClassVar[int] = 415
    defaults: ClassVar[Defaults] = everywhere()

    kind: Literal["shared"] = "shared"
    """This step."""

    def apply(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """Rows of train and validation whose text is in no split after theirs."""
        columns = rows.columns
        what = "text" if texts.is_said(context) else "image"
        rows = rows.with_columns(texts.row_keys(rows, context).alias("_said"))
        for split, later in LATER.items():
            reserved = rows.filter(pl.col(SPLIT).is_in(later)).select("_said").unique()
            marked = rows.join(
                reserved.with_columns(_reserved=True),
                on="_said", how="left", maintain_order="left",
            )  # fmt: skip
            leaked = pl.col("_reserved").is_not_null() & (pl.col(SPLIT) == split)
            context.ledger.record(
                self.kind, "dropped", marked.filter(leaked),
                f"its {what} is in {' or '.join(later)} too", before=pl.col("_said"),
            )  # fmt: skip
            rows = marked.filter(~leaked).drop("_reserved")
        return rows.select(columns)
