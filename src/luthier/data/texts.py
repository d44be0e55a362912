"""The texts of rows, wherever they stand: in columns, in turns of a dialogue, in tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from luthier.core.lazy import lazy
from luthier.data.operator import Context, Operator, Scope
from luthier.data.roles import SAID

if TYPE_CHECKING:
    import polars as pl

    from luthier.data.formats import families
else:
    pl, families = lazy("polars"), lazy("luthier.data.formats.families")
pa: Any = lazy("pyarrow")
compute: Any = lazy("pyarrow.compute")

Change = Callable[["pl.Series"], "pl.Series"]
"""Texts to as many texts; null stays null."""


class TextOperator(Operator):
    """A step that changes texts one by one."""

    scope: ClassVar[Scope] = "text"

    def change(self, texts: pl.Series) -> pl.Series:
        """As many texts, each a function of the one in its place; null stays null."""
        raise NotImplementedError

    def apply(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """Rows with every text changed; each changed row is in the ledger with both texts."""
        return change_texts(rows, context, self.kind, self.change)


def change_texts(rows: pl.DataFrame, context: Context, kind: str, change: Change) -> pl.DataFrame:
    """Rows with every text that may be changed changed; the ledger gets both versions.

    Args:
        rows: Any rows.
        context: Whose roles of kind ``text`` and ``dialogue`` are meant.
        kind: Of the step, for the ledger.
        change: Applied to whole columns, or to all turns of a dialogue's column.
    """
    for role in context.roles:
        if role.kind not in ("text", "dialogue"):
            continue
        old = rows[role.name]
        new = change(old) if role.kind == "text" else with_contents(old, change(contents(old)))
        seen = rows.with_columns(_before=_shown(old, role.kind), _after=_shown(new, role.kind))
        context.ledger.record(
            kind, "changed", seen.filter(pl.col("_before").ne_missing(pl.col("_after"))),
            f"{role.name} changed", before=pl.col("_before"), after=pl.col("_after"),
        )  # fmt: skip
        rows = rows.with_columns(new.alias(role.name))
    return rows


def row_texts(rows: pl.DataFrame, context: Context) -> pl.Series:
    """What each row says, as one text: its columns of text, joined by line ends; never null."""
    parts = [
        _shown(rows[role.name], role.kind).fill_null("")
        for role in context.roles
        if role.kind in SAID
    ]
    if not parts:
        return pl.Series("text", [""] * len(rows), dtype=pl.String)
    frame = pl.DataFrame({str(index): part for index, part in enumerate(parts)})
    return frame.select(pl.concat_str(pl.all(), separator="\n").alias("text")).to_series()


def row_keys(rows: pl.DataFrame, context: Context) -> pl.Series:
    """What tells each row from others: what it says, and the SHA-256 of its image; never null."""
    said = row_texts(rows, context)
    for name in context.named("image"):
        image = rows[name].struct
        said = said + image.field("sha256").fill_null(image.field("path")).fill_null("")
    return said


def all_said(rows: pl.DataFrame) -> pl.Series:
    """Every text of prepared rows, one after the other: of columns, of turns, of words."""
    found = []
    for name, kind in rows.schema.items():
        if name.startswith("_"):
            continue
        if kind == pl.String:
            found.append(rows[name])
        elif kind == pl.List(pl.String):
            found.append(rows[name].list.join(" "))
        elif kind == families.DIALOGUE:
            found.append(contents(rows[name]))
    named = [column.alias("text") for column in found]
    return pl.concat(named).drop_nulls() if named else pl.Series("text", [], dtype=pl.String)


def is_said(context: Context) -> bool:
    """Whether rows say anything: images alone do not."""
    return bool(context.named(*SAID))


def contents(dialogues: pl.Series) -> pl.Series:
    """The contents of all turns of all dialogues, one after the other."""
    values = dialogues.to_arrow().flatten()
    return pl.Series("content", pl.from_arrow(values.field("content")), dtype=pl.String)


def with_contents(dialogues: pl.Series, texts: pl.Series) -> pl.Series:
    """The dialogues with these contents, in the order of :func:`contents`."""
    lists = dialogues.rechunk().to_arrow()
    turns = lists.flatten()
    fields = {field.name: turns.field(field.name) for field in turns.type}
    fields["content"] = texts.to_arrow()
    new = pa.StructArray.from_arrays(list(fields.values()), names=list(fields))
    lengths = compute.fill_null(compute.list_value_length(lists), 0).cast(pa.int64())
    offsets = pl.concat([pl.Series([0]), pl.Series(pl.from_arrow(lengths)).cum_sum()])
    rebuilt = pa.LargeListArray.from_arrays(
        offsets.to_arrow().cast(pa.int64()), new, mask=lists.is_null()
    )
    return pl.Series(dialogues.name, pl.from_arrow(rebuilt), dtype=dialogues.dtype)


def _shown(values: pl.Series, kind: str) -> pl.Series:
    """A column as text, for people and for comparing."""
    if kind == "dialogue":
        return spoken(values)
    if kind == "tokens":
        return values.list.join(" ")
    return values


def spoken(dialogues: pl.Series) -> pl.Series:
    """Each dialogue as one text, a line a turn; tools that are called are part of it."""
    fields = [field.name for field in dialogues.dtype.inner.fields]  # type: ignore[attr-defined]
    said = [pl.element().struct.field(name) for name in ("content", "tool_calls") if name in fields]
    turn = pl.concat_str([part.fill_null("") for part in said])
    return dialogues.list.eval(turn).list.join("\n")
