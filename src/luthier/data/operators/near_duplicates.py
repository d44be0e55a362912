"""Near duplicates: texts that differ in a few characters only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from luthier.core.lazy import lazy
from luthier.data.finding import Finding
from luthier.data.operator import Context, Defaults, Operator, Scope, everywhere
from luthier.data.roles import ANSWERS, GROUP, ROW, SOURCE, SPLIT
from luthier.recipe.registries import PREPARATION

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from luthier.data import minhash, texts
else:
    np, pl = lazy("numpy"), lazy("polars")
    minhash, texts = lazy("luthier.data.minhash"), lazy("luthier.data.texts")

RANK = {"test": 0, "validation": 1, "train": 2}
"""Whose row stays where two splits have nearly the same."""

EXAMPLES = 5
HARM = 0.5


@PREPARATION.register
class NearDuplicates(Operator):
    """Keep one of rows that say nearly the same (MinHash, Broder 1997; verified Jaccard).

    Texts are compared as sets of 5 letters in a row, or 2 Chinese characters, without regard to
    case and punctuation. Rows of test are never dropped, and none whose label differs: those are
    reported, and kept in the same split.
    """

    scope: ClassVar[Scope] = "table"
    place: ClassVar[int] = 420
    defaults: ClassVar[Defaults] = everywhere()

    kind: Literal["near_duplicates"] = "near_duplicates"
    """This step."""
    threshold: Annotated[float, Field(gt=0, le=1)] = 0.8
    """Jaccard similarity from which on two texts are nearly the same."""
    same_numbers: bool = True
    """Texts with other numbers in them are not the same: a price or a date is what they say."""
    action: Literal["drop", "flag"] = "drop"
    """`flag` keeps the rows, all of a kind in the same split."""

    def apply(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """The rows without near copies; the ledger names the row that stays for each."""
        if context.named("verbatim") or not texts.is_said(context):
            # Questions about one passage are alike in nearly all that they say.
            return rows
        said = texts.row_texts(rows, context)
        ranks = rows[SPLIT].replace_strict(RANK, return_dtype=pl.Int64).to_numpy()
        found = minhash.near_copies(
            said, self.threshold, ranks, same_numbers=self.same_numbers, workers=context.workers
        )
        if found.is_empty():
            return rows
        near = self._judged(rows, said, found, context)
        before = pl.col("_said")
        dropped, kept = near.filter("_drop"), near.filter(~pl.col("_drop"))
        context.ledger.record(self.kind, "dropped", dropped, pl.col("_why"), before=before)
        context.ledger.record(self.kind, "flagged", kept, pl.col("_why"), before=before)
        _report(kept.filter("_differs"), context)
        gone = np.zeros(len(rows), dtype=bool)
        gone[dropped["copy"].to_numpy()] = True
        return _grouped(rows, kept, gone)

    def _judged(
        self, rows: pl.DataFrame, said: pl.Series, found: pl.DataFrame, context: Context
    ) -> pl.DataFrame:
        """The near copies with what is to become of them."""
        answers = [_answer(rows, role.name) for role in context.roles if role.kind in ANSWERS]
        facts = rows.select(
            pl.col(SOURCE, ROW, SPLIT),
            pl.concat_str(answers, separator=" / ").alias("_answer")
            if answers else pl.lit("").alias("_answer"),
        ).with_columns(said.alias("_said"))  # fmt: skip
        copies, originals = facts[found["copy"]], facts[found["original"]]
        differs = copies["_answer"].ne_missing(originals["_answer"])
        train = copies[SPLIT] == "train"
        earlier = (copies[SPLIT] == "validation") & (originals[SPLIT] == "test")
        drop = (train | earlier) & ~differs & pl.Series([self.action == "drop"])
        named = originals.select(pl.format("{}, row {}", SOURCE, ROW)).to_series()
        shown = found["jaccard"].round(3).cast(pl.String)
        return pl.concat([copies, found], how="horizontal").with_columns(
            _drop=drop,
            _differs=differs,
            _other=originals["_said"],
            _label=originals["_answer"],
            _why="nearly the same as " + named + " (Jaccard " + shown + ")"
            + pl.when(differs).then(pl.lit(", with another label")).otherwise(pl.lit("")),
        )  # fmt: skip


def _answer(rows: pl.DataFrame, column: str) -> pl.Expr:
    value = pl.col(column)
    nested = isinstance(rows.schema[column], pl.List)
    return (value.list.join(", ") if nested else value.cast(pl.String)).fill_null("")


def _grouped(rows: pl.DataFrame, kept: pl.DataFrame, gone: NDArray[np.bool_]) -> pl.DataFrame:
    """The rows that stay; near copies among them in one group with what they are copies of."""
    left = rows.filter(pl.Series(~gone))
    if kept.is_empty():
        return left
    places = np.cumsum(~gone) - 1
    groups = np.full(len(left), -1, dtype=np.int64)
    originals = places[kept["original"].to_numpy()]
    groups[originals] = originals
    groups[places[kept["copy"].to_numpy()]] = originals
    numbers = pl.Series(GROUP, groups)
    return left.with_columns(pl.when(numbers >= 0).then(numbers).alias(GROUP))


def _report(differing: pl.DataFrame, context: Context) -> None:
    """Near copies with another label: one of the two is likely to be wrong."""
    if differing.is_empty():
        return
    shown = differing.head(EXAMPLES).select(
        pl.col(SOURCE).alias("source"), pl.col(ROW).alias("row"), pl.col("_said").alias("text"),
        pl.col("_answer").alias("label"), pl.col("_other").alias("other text"),
        pl.col("_label").alias("other label"),
    )  # fmt: skip
    context.findings.append(
        Finding(
            "{rows} rows say nearly the same as another row but have another label: at least one "
            "of the two labels is likely to be wrong.",
            "near_duplicates", HARM,
            fields={"rows": len(differing)}, examples=tuple(shown.to_dicts()),
        )
    )  # fmt: skip
