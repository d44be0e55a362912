"""Missing values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import model_validator

from luthier.core.config import Config
from luthier.core.errors import DataError
from luthier.core.lazy import lazy
from luthier.core.names import nearest
from luthier.data.finding import Finding
from luthier.data.operator import CORPUS, Context, Defaults, Operator, Scope, everywhere
from luthier.data.roles import ROW, SOURCE, SPLIT, Role
from luthier.recipe.registries import PREPARATION

if TYPE_CHECKING:
    import polars as pl

    from luthier.data import absent
else:
    pl, absent = lazy("polars"), lazy("luthier.data.absent")

MARKERS = ("nan", "n/a", "#n/a", "null", "none", "<na>", "缺失")
"""Whole cells, without regard to case, that stand for no label."""

TEXT_MARKERS = ("NaN", "nan", "N/A", "n/a", "#N/A", "NULL", "null", "None", "<NA>")
"""Whole cells that stand for no text, spelt as programs write them: `none` may be an answer."""

CLASS_SHARE, CLASS_ROWS = 0.2, 10
"""So many rows with the label `none`, in share and in number, make it a class."""

FLAG = "{column}_missing"
"""Name of the column that says whether a row lacked a value."""

LEARNED = ("most_frequent", "median")
"""Ways to fill that need statistics of the training rows."""


class Fill(Config):
    """What happens to rows that lack one column."""

    fill: Literal["drop", "constant", "most_frequent", "median", "from"] | None = None
    """`drop` the row, or put in a `constant`, the `most_frequent` value or the `median` of the
    training rows, or the value `from` another column. Default: drop where the task needs it, else
    leave it empty."""
    value: str | bool | int | float | None = None
    """What `constant` puts in."""
    column: str | None = None
    """Where `from` takes the value."""
    flag: bool = False
    """Add a column `NAME_missing` that says which rows lacked the value."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.fill == "constant") != (self.value is not None):
            raise ValueError("value goes with fill: constant")
        if (self.fill == "from") != (self.column is not None):
            raise ValueError("column goes with fill: from")
        return self


@PREPARATION.register
class Missing(Operator):
    """Drop rows that lack a text or a label, or fill in what they lack; show what is missing."""

    scope: ClassVar[Scope] = "row"
    place: ClassVar[int] = 200
    defaults: ClassVar[Defaults] = {**everywhere(), CORPUS: {}}

    kind: Literal["missing"] = "missing"
    """This step."""
    markers: list[str] = list(MARKERS)
    """Cells that stand for no label, beside the empty one, and for nothing in other columns; case
    does not count."""
    text_markers: list[str] = list(TEXT_MARKERS)
    """Cells that stand for no text, beside the empty one; case counts."""
    empty_answers: bool = True
    """An empty list of answers says that the text holds none, as in SQuAD 2.0; false: it is a
    missing answer."""
    columns: dict[str, Fill] = {}
    """Column to what happens where it is missing, e.g. `{label: {fill: most_frequent}}`."""

    def apply(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """Rows with every required role, or waiting for it; dropped ones are in the ledger."""
        self._check_columns(rows, context)
        self._show_pattern(rows, context)
        known = context.fitted.get(self.kind, {}).get("fills")
        waiting: dict[str, Any] = {}
        for role in context.roles:
            fill = self.columns.get(role.name, Fill())
            if not role.required and fill == Fill():
                continue
            rows = self._flagged(rows, role, fill, context)
            if fill.fill in LEARNED and known is None:
                waiting[role.name] = None
                rows = self._emptied(rows, role, context)
            else:
                rows = self._settled(rows, role, fill, (known or {}).get(role.name), context)
        if waiting:
            context.fitted[self.kind] = {"fills": waiting}
        return rows

    def apply_divided(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """Rows that waited, filled with what most training rows have, or their median."""
        fills: dict[str, Any] = context.fitted.get(self.kind, {}).get("fills", {})
        for role in context.roles:
            if role.name not in fills:
                continue
            fill = self.columns.get(role.name, Fill())
            train = rows.filter(pl.col(SPLIT) == "train")
            seen = train.filter(~self._absent(train, role, context))[role.name]
            if fills[role.name] is None:
                learn = absent.median if fill.fill == "median" else absent.most_frequent
                fills[role.name] = learn(seen)
            rows = self._settled(rows, role, fill, fills[role.name], context)
        return rows

    def _settled(
        self, rows: pl.DataFrame, role: Role, fill: Fill, learned: Any, context: Context
    ) -> pl.DataFrame:
        """Rows with the column filled as asked; those still without it dropped."""
        if fill.fill == "from" and fill.column in rows.columns:
            rows = self._copied(rows, role, fill.column, context)
        value = fill.value if fill.fill == "constant" else learned
        if value is not None:
            lacking = rows.select(self._absent(rows, role, context)).to_series()
            new = absent.filled(rows, role.name, lacking, value)
            rows = self._entered(rows, new, role.name, lacking, context)
        if not role.required and fill.fill != "drop":
            return rows
        gone = rows.select(self._absent(rows, role, context)).to_series()
        context.ledger.record(
            self.kind, "dropped", rows.filter(gone), f"no {role.name}",
            before=_shown(rows, role.name),
        )  # fmt: skip
        return rows.filter(~gone)

    def _copied(
        self, rows: pl.DataFrame, role: Role, column: str, context: Context
    ) -> pl.DataFrame:
        """Rows with the values of another column where it has some."""
        other = next((r for r in context.roles if r.name == column), Role(column, "extra"))
        lacking = self._absent(rows, role, context) & ~self._absent(rows, other, context)
        chosen = rows.select(lacking).to_series()
        value = pl.col(column).cast(rows.schema[role.name], strict=False)
        new = rows.with_columns(pl.when(chosen).then(value).otherwise(role.name).alias(role.name))
        return self._entered(rows, new, role.name, chosen, context)

    def _emptied(self, rows: pl.DataFrame, role: Role, context: Context) -> pl.DataFrame:
        """Rows with null for every way to say that nothing is there."""
        lacking = rows.select(self._absent(rows, role, context)).to_series()
        new = rows.with_columns(pl.when(~lacking).then(pl.col(role.name)).alias(role.name))
        return self._entered(rows, new, role.name, lacking, context)

    def _entered(
        self, old: pl.DataFrame, new: pl.DataFrame, column: str, lacking: pl.Series,
        context: Context,
    ) -> pl.DataFrame:  # fmt: skip
        """The new rows; the ledger gets the cells that differ now."""
        seen = new.with_columns(
            old.select(_shown(old, column).alias("_before")).to_series(),
            _shown(new, column).alias("_after"),
        ).filter(lacking & pl.col("_before").ne_missing(pl.col("_after")))
        context.ledger.record(
            self.kind, "changed", seen, f"{column} was missing",
            before=pl.col("_before"), after=pl.col("_after"),
        )  # fmt: skip
        return new

    def _flagged(
        self, rows: pl.DataFrame, role: Role, fill: Fill, context: Context
    ) -> pl.DataFrame:
        """Rows with a column more, which is a role of its own."""
        if not fill.flag:
            return rows
        name = FLAG.format(column=role.name)
        lacking = self._absent(rows, role, context)
        if name in rows.columns:
            if rows.schema[name] != pl.Boolean:
                raise DataError(
                    "There is a column '{column}' already, so none can be added under this name.",
                    hint="Rename it, or set data.steps.missing.columns.{role}.flag=false.",
                    column=name,
                    role=role.name,
                )
            lacking = lacking | pl.col(name)
        if name not in context.named("extra"):
            context.roles = (*context.roles, Role(name, "extra", required=False))
        return rows.with_columns(lacking.alias(name))

    def _absent(self, rows: pl.DataFrame, role: Role, context: Context) -> pl.Expr:
        markers = [marker.lower() for marker in self.markers]
        if role.kind in ("label", "number") and rows.schema[role.name] == pl.String:
            bare = pl.col(role.name).str.strip_chars().str.to_lowercase()
            markers = self._label_markers(rows.select(bare).to_series(), markers, context)
        return absent.is_absent(
            rows, role, markers, self.text_markers, empty_answers=self.empty_answers
        )

    def _label_markers(self, labels: pl.Series, markers: list[str], context: Context) -> list[str]:
        """The markers without those that are classes here."""
        meant = {label.strip().lower() for label in (*context.labels, *context.classes)}
        markers = [marker for marker in markers if marker not in meant]
        rows = int((labels == "none").sum())
        if "none" in markers and rows >= max(CLASS_ROWS, CLASS_SHARE * len(labels)):
            markers.remove("none")
            note = f"{rows} rows have the label 'none', which is taken as a class"
            context.notes += [] if note in context.notes else [note]
        return markers

    def _check_columns(self, rows: pl.DataFrame, context: Context) -> None:
        """Refuse names that no training row has; rows to measure on come with fewer columns."""
        if SPLIT not in rows.columns or not (rows[SPLIT] == "train").any():
            return
        present = [role.name for role in context.roles]
        for name in (*self.columns, *(f.column for f in self.columns.values() if f.column)):
            if name not in present:
                near = nearest(name, present)
                raise DataError(
                    "There is no column '{wanted}'; the columns are: {columns}.",
                    where="data.steps.missing.columns",
                    hint="Did you mean '{near}'?" if near else "Name one of these.",
                    wanted=name,
                    near=near,
                    columns=", ".join(present),
                )

    def _show_pattern(self, rows: pl.DataFrame, context: Context) -> None:
        """What lacks in which rows, and whether that says something about the label."""
        roles = [role for role in context.roles if role.name in rows.columns]
        if rows.is_empty() or not (rows[SPLIT] == "train").any():
            return
        lacks = rows.select(self._absent(rows, role, context).alias(role.name) for role in roles)
        answers = context.named("label")
        labels = None
        if answers:
            named = pl.col(answers[0]).str.strip_chars().str.to_lowercase()
            labels = rows.select(pl.when(~lacks[answers[0]]).then(named)).to_series()
        found = absent.pattern(lacks, labels)
        if not found["columns"]:
            return
        empty = [name for name in found["columns"] if found["columns"][name] == len(rows)]
        context.findings.append(
            Finding(
                "Cells are missing in {count} columns, most often in '{most}' ({rows} rows).",
                self.kind, 0.1,
                fields={
                    "count": len(found["columns"]),
                    "most": max(found["columns"], key=found["columns"].__getitem__),
                    "rows": max(found["columns"].values()),
                    "empty": empty,
                    **found,
                },
            )
        )  # fmt: skip
        self._tell_informative(rows, lacks, found, context)

    def _tell_informative(
        self, rows: pl.DataFrame, lacks: pl.DataFrame, found: dict[str, Any], context: Context
    ) -> None:
        """A finding for every column whose absence goes with the label (not at random)."""
        for column, link in found["with_label"].items():
            shares: dict[str, float] = link["shares"]
            high, low = max(shares, key=shares.__getitem__), min(shares, key=shares.__getitem__)
            examples = rows.filter(lacks[column]).head(3).select(SOURCE, ROW)
            context.findings.append(
                Finding(
                    "Whether '{column}' is missing goes with the label: it lacks in {high_share} "
                    "of the rows of '{high}' and in {low_share} of those of '{low}'.",
                    self.kind, absent.shown_harm(found, [column]),
                    fix=f"data.steps.missing.columns.{column}.flag=true",
                    fields={
                        "column": column, "high": high, "high_share": f"{shares[high]:.0%}",
                        "low": low, "low_share": f"{shares[low]:.0%}", **link,
                    },
                    examples=tuple({"source": s, "row": r} for s, r in examples.iter_rows()),
                )
            )  # fmt: skip


def _shown(rows: pl.DataFrame, column: str) -> pl.Expr:
    """A column as text for the ledger."""
    dtype = rows.schema[column]
    if not isinstance(dtype, pl.List):
        return pl.col(column).cast(pl.String)
    if dtype.inner.is_nested():
        return pl.col(column).list.eval(pl.element().struct.json_encode()).list.join(", ")
    return pl.col(column).list.eval(pl.element().cast(pl.String)).list.join(", ")
