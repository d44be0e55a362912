"""Missing values."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from luthier.core.lazy import lazy
from luthier.data.operator import Context, Defaults, Operator, Scope, everywhere
from luthier.recipe.registries import PREPARATION

if TYPE_CHECKING:
    import polars as pl
else:
    pl = lazy("polars")

MARKERS = ("nan", "n/a", "#n/a", "null", "none", "<na>", "缺失")
"""Whole cells, without regard to case, that stand for no label."""

TEXT_MARKERS = ("NaN", "nan", "N/A", "n/a", "#N/A", "NULL", "null", "None", "<NA>")
"""Whole cells that stand for no text, spelt as programs write them: `none` may be an answer."""

CLASS_SHARE, CLASS_ROWS = 0.2, 10
"""So many rows with the label `none`, in share and in number, make it a class."""


@PREPARATION.register
class Missing(Operator):
    """Drop rows that lack a text or a label."""

    scope: ClassVar[Scope] = "row"
    place: ClassVar[int] = 200
    defaults: ClassVar[Defaults] = everywhere()

    kind: Literal["missing"] = "missing"
    """This step."""
    markers: list[str] = list(MARKERS)
    """Cells that stand for no label, beside the empty one; case does not count."""
    text_markers: list[str] = list(TEXT_MARKERS)
    """Cells that stand for no text, beside the empty one; case counts."""

    def apply(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """Rows with every required role; dropped ones are in the ledger."""
        for role in context.roles:
            if role.required:
                rows = self._present(rows, role.name, role.kind, context)
        return rows

    def _present(
        self, rows: pl.DataFrame, column: str, kind: str, context: Context
    ) -> pl.DataFrame:
        value = pl.col(column)
        if isinstance(rows.schema[column], pl.List):
            # No label at all is an answer where several are allowed.
            absent = value.is_null()
        elif kind == "text":
            bare = value.str.strip_chars()
            absent = bare.is_null() | (bare == "") | bare.is_in(self.text_markers)
        else:
            bare = value.str.strip_chars().str.to_lowercase()
            markers = self._label_markers(rows.select(bare).to_series(), context)
            absent = bare.is_null() | (bare == "") | bare.is_in(markers)
        gone = rows.select(absent).to_series()
        context.ledger.record(
            self.kind, "dropped", rows.filter(gone), f"no {column}",
            before=value.list.join(", ") if isinstance(rows.schema[column], pl.List) else value,
        )  # fmt: skip
        return rows.filter(~gone)

    def _label_markers(self, labels: pl.Series, context: Context) -> list[str]:
        """The markers without those that are classes here."""
        meant = {label.strip().lower() for label in (*context.labels, *context.classes)}
        markers = [m for marker in self.markers if (m := marker.lower()) not in meant]
        rows = int((labels == "none").sum())
        if "none" in markers and rows >= max(CLASS_ROWS, CLASS_SHARE * len(labels)):
            markers.remove("none")
            context.notes.append(f"{rows} rows have the label 'none', which is taken as a class")
        return markers
