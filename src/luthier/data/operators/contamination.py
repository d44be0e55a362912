"""Contamination: rows to train on that hold the texts of a benchmark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from luthier.core.lazy import lazy
from luthier.data.finding import Finding
from luthier.data.operator import Context, Operator, Scope
from luthier.data.roles import ROW, SOURCE, SPLIT
from luthier.recipe.registries import PREPARATION

if TYPE_CHECKING:
    import polars as pl

    from luthier.data import overlap, shingles, sources, texts
else:
    pl = lazy("polars")
    overlap, shingles = lazy("luthier.data.overlap"), lazy("luthier.data.shingles")
    sources, texts = lazy("luthier.data.sources"), lazy("luthier.data.texts")

LEAST, LEAST_HAN = 20, 8
"""Characters that a benchmark's text must have to be looked for, Chinese ones or others."""

EXAMPLES = 5
WORDS = {
    "exact": "is or holds the text of", "run": "shares 13 words in a row with",
    "near": "nearly repeats",
}  # fmt: skip


@PREPARATION.register
class Contamination(Operator):
    """Find rows that hold the texts of a benchmark, by which the model could then not be judged.

    A row is found that is or holds such a text, shares 13 words in a row with one, or has most of
    its runs of letters.
    """

    scope: ClassVar[Scope] = "table"
    place: ClassVar[int] = 440

    kind: Literal["contamination"] = "contamination"
    """This step."""
    against: list[str] = []
    """Files with the benchmark's texts, in any format: every cell of text counts. Relative to the
    recipe."""
    action: Literal["drop", "flag"] = "drop"
    """`drop` takes the rows out of train and validation; test rows are flagged only."""
    threshold: Annotated[float, Field(gt=0, le=1)] = 0.6
    """Share of a benchmark text's runs of letters from which on a row nearly repeats it."""

    def sources(self) -> tuple[str, ...]:
        """The benchmarks."""
        return tuple(self.against)

    def apply(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """The rows without those of a benchmark; the ledger names its file and row."""
        if not self.against or not texts.is_said(context):
            return rows
        wanted = pl.concat([_texts_of(name, context) for name in self.against])
        wanted = wanted.unique("plain", keep="first", maintain_order=True)
        said = texts.row_texts(rows, context)
        found = overlap.overlaps(said, overlap.Listed.of(wanted["plain"]), self.threshold)
        if found.is_empty():
            return rows
        places = wanted.select(pl.format("{}, row {}", "file", "row").alias("_where"))
        entered = rows[found["text"]].with_columns(
            found["kind"].replace_strict(WORDS).alias("_how"),
            places["_where"].gather(found["listed"]),
            said.gather(found["text"]).alias("_said"),
            found["share"].round(2).alias("_share"),
        )
        gone = (entered[SPLIT] != "test") & pl.Series([self.action == "drop"])
        why = pl.format("{} {} ({})", "_how", "_where", "_share")
        before = pl.col("_said")
        context.ledger.record(self.kind, "dropped", entered.filter(gone), why, before=before)
        context.ledger.record(self.kind, "flagged", entered.filter(~gone), why, before=before)
        _report(entered, context)
        kept = pl.repeat(True, len(rows), eager=True, dtype=pl.Boolean)
        return rows.filter(kept.scatter(found["text"].filter(gone), False))


def _texts_of(name: str, context: Context) -> pl.DataFrame:
    """The texts of a benchmark that are long enough: ``plain``, ``file``, ``row``."""
    table = sources.read_source(name, base_dir=context.base_dir).rows.with_row_index("row")
    columns = [column for column, kind in table.schema.items() if kind == pl.String]
    cells = [table.select("row", pl.col(column).alias("plain")) for column in columns]
    found = pl.concat([pl.DataFrame(schema={"row": pl.UInt32, "plain": pl.String}), *cells])
    found = found.with_columns(shingles.normalise(found["plain"]), file=pl.lit(name))
    han = pl.col("plain").str.count_matches(r"\p{Han}")
    return found.filter((pl.col("plain").str.len_chars() >= LEAST) | (han >= LEAST_HAN))


def _report(entered: pl.DataFrame, context: Context) -> None:
    shown = entered.head(EXAMPLES).select(
        pl.col(SOURCE).alias("source"), pl.col(ROW).alias("row"), pl.col("_said").alias("text"),
        pl.col("_where").alias("benchmark"),
    )  # fmt: skip
    context.findings.append(
        Finding(
            "{rows} rows hold texts of the benchmark: what a model learns by heart does not show "
            "what it can do.",
            "contamination", 0.6, fields={"rows": len(entered)}, examples=tuple(shown.to_dicts()),
        )
    )  # fmt: skip
