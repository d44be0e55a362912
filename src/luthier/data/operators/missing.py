"""Missing values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from luthier.core.lazy import lazy
from luthier.data.operator import Context, Operator
from luthier.recipe.registries import PREPARATION

if TYPE_CHECKING:
    import polars as pl
else:
    pl = lazy("polars")

MARKERS = ("", "nan", "n/a", "#n/a", "null", "none", "<na>", "nil", "-", "--", "?", "缺失", "无")
"""Whole cells, without regard to case, that stand for nothing in a label."""

TEXT_MARKERS = ("", "nan", "n/a", "#n/a", "null", "<na>")
"""The same in a text, where a word such as `none` may be an answer."""


@PREPARATION.register
class Missing(Operator):
    """Drop rows that lack a text or a label."""

    kind: Literal["missing"] = "missing"
    """This step."""

    def apply(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """Rows with every required role; dropped ones are in the ledger."""
        for role in context.roles:
            if not role.required:
                continue
            absent = _absent(rows, role.name, role.kind)
            lost = rows.filter(absent)
            context.ledger.record(self.kind, "dropped", lost, f"no {role.name}")
            rows = rows.filter(~absent)
        return rows


def _absent(rows: pl.DataFrame, column: str, kind: str) -> pl.Expr:
    if isinstance(rows.schema[column], pl.List):
        # No label at all is an answer where several are allowed.
        return pl.col(column).is_null()
    markers = TEXT_MARKERS if kind == "text" else MARKERS
    folded = pl.col(column).str.strip_chars().str.to_lowercase()
    return folded.is_null() | folded.is_in(list(markers))
