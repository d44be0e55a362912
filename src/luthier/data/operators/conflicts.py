"""Conflicting duplicates: one text, two answers."""

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
class Conflicts(Operator):
    """Drop rows whose text occurs with more than one answer: at most one can be right."""

    kind: Literal["conflicts"] = "conflicts"
    """This step."""
    keep: Literal["none", "first"] = "none"
    """Which of the conflicting rows stay: none, or the first that was met."""

    def apply(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """Rows without conflict; the others are in the ledger with their answer."""
        texts, answers = context.named("text"), context.named("label", "labels", "number")
        if not answers:
            return rows
        answer = pl.col(answers[0])
        conflict = answer.n_unique().over(texts) > 1
        if self.keep == "first":
            conflict &= ~pl.struct(texts).is_first_distinct()
        as_text = answer.list.join(", ") if isinstance(rows.schema[answers[0]], pl.List) else answer
        context.ledger.record(
            self.kind, "dropped", rows.filter(conflict), "same text, another label elsewhere",
            before=as_text,
        )  # fmt: skip
        return rows.filter(~conflict)
