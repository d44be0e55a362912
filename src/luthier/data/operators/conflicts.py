"""Conflicting rows: one text, two answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from luthier.core.lazy import lazy
from luthier.data.operator import Context, Defaults, Operator, Scope, everywhere
from luthier.data.roles import ANSWERS, SPLIT
from luthier.recipe.registries import PREPARATION

if TYPE_CHECKING:
    import polars as pl

    from luthier.data import texts
else:
    pl, texts = lazy("polars"), lazy("luthier.data.texts")


@PREPARATION.register
class Conflicts(Operator):
    """Settle texts that have more than one answer in their split: at most one can be right.

    Splits are looked at one by one, so that training rows never decide about test rows.
    """

    scope: ClassVar[Scope] = "table"
    place: ClassVar[int] = 400
    defaults: ClassVar[Defaults] = everywhere()

    kind: Literal["conflicts"] = "conflicts"
    """This step."""
    keep: Literal["majority", "none"] = "majority"
    """`majority`: the answer that more than half of a text's rows give, none where there is no
    such; `none`: no row of such a text."""

    def apply(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """Rows without conflict; the others are in the ledger with their answer."""
        answers = context.named(*ANSWERS)
        if not answers:
            return rows
        answer = pl.concat_str([_as_text(rows, name) for name in answers], separator=" / ")
        group = ["_said", SPLIT]
        share = pl.len().over(*group, "_answer") / pl.len().over(group)
        said = texts.row_keys(rows, context)
        marked = rows.with_columns(_answer=answer.fill_null(""), _said=said)
        marked = marked.with_columns(_share=share)
        what = "text" if texts.is_said(context) else "image"
        ordinary, majority = pl.col("_share") == 1, pl.col("_share") > 0.5
        settled = (majority & (self.keep == "majority")).any().over(group)
        stays = ordinary | (majority & (self.keep == "majority"))
        marked = marked.with_columns(_stays=stays, _settled=settled)
        context.ledger.record(
            self.kind, "dropped", marked.filter(~pl.col("_stays")),
            pl.when("_settled").then(pl.lit(f"most rows with this {what} have another label"))
            .otherwise(pl.lit(f"other rows with this {what} have another label")),
            before=pl.col("_answer"),
        )  # fmt: skip
        return rows.filter(marked["_stays"])


def _as_text(rows: pl.DataFrame, column: str) -> pl.Expr:
    if isinstance(rows.schema[column], pl.List):
        return pl.col(column).list.join(", ")
    return pl.col(column).cast(pl.String)
