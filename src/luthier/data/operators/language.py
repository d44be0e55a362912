"""The language of every row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from luthier.core.lazy import lazy
from luthier.data.finding import Finding
from luthier.data.operator import Context, Defaults, Operator, Scope, everywhere
from luthier.recipe.registries import PREPARATION

if TYPE_CHECKING:
    import polars as pl

    from luthier.data import languages, texts
else:
    pl = lazy("polars")
    languages, texts = lazy("luthier.data.languages"), lazy("luthier.data.texts")

MOST_NAMED = 5


@PREPARATION.register
class Language(Operator):
    """Tell the language of each row, by its script or its small words.

    Rows too short to tell are `und` and never dropped. Which languages there are is among the
    findings, where there are several.
    """

    scope: ClassVar[Scope] = "table"
    place: ClassVar[int] = 310
    defaults: ClassVar[Defaults] = everywhere()

    kind: Literal["language"] = "language"
    """This step."""
    keep: list[str] = []
    """ISO 639 codes, e.g. `[zh, en]`; empty: all languages."""
    action: Literal["flag", "drop"] = "flag"
    """What becomes of rows in a language that is not to be kept."""
    least: Annotated[float, Field(ge=0, le=1)] = 0.02
    """Share of the rows that a second language must have to be reported."""

    def apply(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """The rows, perhaps without those in other languages."""
        if not texts.is_said(context):
            return rows
        told = languages.identify(texts.row_texts(rows, context))
        counts = told.value_counts(name="n").sort("n", "language", descending=[True, False])
        context.fitted[self.kind] = dict(counts.iter_rows())
        known = counts.filter(pl.col("language") != languages.UNKNOWN)
        if self.keep:
            return self._select(rows, told, context)
        if len(known) > 1 and known["n"][1] >= max(2, self.least * len(rows)):
            self._report(known, len(rows), context)
        return rows

    def _select(self, rows: pl.DataFrame, told: pl.Series, context: Context) -> pl.DataFrame:
        other = ~told.is_in([*self.keep, languages.UNKNOWN])
        entered = rows.with_columns(_told=told).filter(other)
        context.ledger.record(
            self.kind, "dropped" if self.action == "drop" else "flagged", entered,
            pl.format("its language is {}", "_told"),
        )  # fmt: skip
        return rows.filter(~other) if self.action == "drop" else rows

    def _report(self, known: pl.DataFrame, count: int, context: Context) -> None:
        shares = [f"{code} {n / count:.0%}" for code, n in known.head(MOST_NAMED).iter_rows()]
        context.findings.append(
            Finding(
                "The rows are in several languages: {languages}. A base that does not know one of "
                "them learns little from its rows.",
                "language", 0.3, f"data.steps.language={{keep: [{known['language'][0]}], "
                "action: drop}",
                fields={"languages": ", ".join(shares)},
            )
        )  # fmt: skip
