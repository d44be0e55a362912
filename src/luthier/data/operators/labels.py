"""Labels: one spelling for one class, numbers as numbers, lists as lists."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Literal

from luthier.core.lazy import lazy
from luthier.data.operator import Context, Defaults, Operator, Scope, everywhere
from luthier.data.roles import SPLIT
from luthier.data.spelling import Spelling, settle
from luthier.recipe.registries import PREPARATION

if TYPE_CHECKING:
    import polars as pl
else:
    pl = lazy("polars")

_SEPARATORS = re.compile(r"[,;|，；、]")
_BRACKETS = " []'\"\t"
_THOUSANDS = r"^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?$"


@PREPARATION.register
class Labels(Operator):
    """Give every class one spelling: trimmed, without regard to case, abbreviations spelt out.

    Words of the same meaning, in one or several languages, are one class.
    """

    scope: ClassVar[Scope] = "row"
    place: ClassVar[int] = 220
    defaults: ClassVar[Defaults] = everywhere()

    kind: Literal["labels"] = "labels"
    """This step."""
    abbreviations: bool = True
    """Read `pos` as `positive` where exactly one label begins so and is far more frequent."""

    synonyms: bool = True
    """Make one class of labels that occur side by side and mean the same: `正面`, `好评` and
    `positive`, `是` and `yes`. Degrees (`好`, `非常好`) and numbers stay apart."""

    def apply(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """Label columns spelt alike, rows without a number for a number's role dropped."""
        for column in context.named("number"):
            rows = self._numbers(rows, column, context)
        for column in context.named("label"):
            new = self._spelt(rows[column], context)
            rows = self._replace(rows, column, new, rows[column], new, context)
        for column in context.named("labels"):
            old = _split(rows[column])
            new = self._spelt(old.explode(), context)
            rows = self._replace(rows, column, _regroup(old, new), _join(old), None, context)
        return rows

    def apply_divided(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """The same rows; the class names of train are settled from here on."""
        for column in context.named("label", "labels"):
            train = rows.filter(pl.col(SPLIT) == "train")[column]
            names = train.explode() if isinstance(train.dtype, pl.List) else train
            known = context.fitted.setdefault(self.kind, {})
            known.setdefault("classes", names.drop_nulls().unique().sort().to_list())
        return rows

    def _numbers(self, rows: pl.DataFrame, column: str, context: Context) -> pl.DataFrame:
        """1,234 has thousands, 3,5 has a decimal comma."""
        bare = pl.col(column).str.strip_chars()
        thousands = bare.str.contains(_THOUSANDS)
        plain = pl.when(thousands).then(bare.str.replace_all(",", "", literal=True))
        number = plain.otherwise(bare.str.replace(",", ".", literal=True)).cast(
            pl.Float64, strict=False
        )
        waits = column in context.fitted.get("missing", {}).get("fills", {})
        empty = pl.col(column).is_null() & waits
        unusable = (number.is_null() | ~number.is_finite()) & ~empty
        context.ledger.record(
            self.kind, "dropped", rows.filter(unusable), f"{column} is not a number",
            before=pl.col(column),
        )  # fmt: skip
        return rows.filter(~unusable).with_columns(number.alias(column))

    def _spelt(self, labels: pl.Series, context: Context) -> pl.Series:
        """The labels, each in the spelling of its class."""
        frame = labels.drop_nulls().to_frame("label").group_by("label", maintain_order=True).len()
        counts: dict[str, int] = dict(frame.iter_rows())
        known = context.fitted.get(self.kind, {})
        spelling = settle(
            counts,
            aliases={**known.get("spelling", {}), **context.labels},
            classes=context.classes or known.get("classes", ()),
            abbreviations=self.abbreviations,
            synonyms=self.synonyms,
        )
        context.notes += _guesses(spelling, counts)
        changed = {label: name for label, name in spelling.of.items() if label != name}
        if counts and not known:
            context.fitted[self.kind] = {"spelling": changed}
        return labels.replace_strict(spelling.of, default=None, return_dtype=pl.String)

    def _replace(
        self, rows: pl.DataFrame, column: str, new: pl.Series, before: pl.Series,
        after: pl.Series | None, context: Context,
    ) -> pl.DataFrame:  # fmt: skip
        """Rows with the new values; the ledger shows changes as ``before`` and ``after``."""
        after = _join(new) if after is None else after
        marked = rows.with_columns(before.alias("_before"), after.alias("_after"))
        context.ledger.record(
            self.kind, "changed", marked.filter(pl.col("_before").ne_missing(pl.col("_after"))),
            f"spelling of {column}", before=pl.col("_before"), after=pl.col("_after"),
        )  # fmt: skip
        return rows.with_columns(new.alias(column))


def _split(values: pl.Series) -> pl.Series:
    """Lists of labels: as they are, or cut out of text such as ``a, b`` or ``['a', 'b']``."""
    if isinstance(values.dtype, pl.List):
        return values
    cut = [None if text is None else _SEPARATORS.split(text) for text in values.to_list()]
    parts = [None if c is None else [p for x in c if (p := x.strip(_BRACKETS))] for c in cut]
    return pl.Series(values.name, parts, dtype=pl.List(pl.String))


def _regroup(old: pl.Series, labels: pl.Series) -> pl.Series:
    """Spelt labels back in their rows' lists, sorted, each once; an empty list stays so."""
    rows = old.to_frame("old").with_row_index("row")
    flat = rows.explode("old").with_columns(label=labels).drop_nulls("label")
    lists = flat.group_by("row").agg(pl.col("label").unique().sort())
    return rows.join(lists, on="row", how="left", maintain_order="left")["label"].fill_null([])


def _join(lists: pl.Series) -> pl.Series:
    return lists.list.join(" | ")


def _guesses(spelling: Spelling, counts: dict[str, int]) -> list[str]:
    return [
        f"the label '{short}' ({counts[short]} rows) is read as '{full}'"
        for short, full in spelling.abbreviations.items()
    ] + [
        f"the label '{word}' ({counts[word]} rows) means the same as '{name}' and is read so"
        for word, name in spelling.synonyms.items()
        if word not in spelling.abbreviations
    ]
