"""Leakage: a column, a word or a length that gives the label away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from luthier.core.lazy import lazy
from luthier.data.finding import Finding
from luthier.data.operator import Context, Defaults, Operator, Scope, everywhere
from luthier.data.roles import ROW, SOURCE, SPLIT
from luthier.recipe.registries import PREPARATION

if TYPE_CHECKING:
    import polars as pl

    from luthier.data import texts
else:
    pl = lazy("polars")
    texts = lazy("luthier.data.texts")

LEAST_ROWS = 50
"""Of fewer rows any column may seem to know the label."""

MOST_VALUES = 0.5
"""A column with more different values than this share of its rows names rows, not classes."""

EXAMPLES = 3
WORDS = r"[\p{L}\p{N}_#@\[\]]+"


@PREPARATION.register
class Leakage(Operator):
    """Look for what gives the label away and will not be there when the model is used.

    A column is reported whose values, or whose gaps, tell the label of rows that did not teach
    it; a first or last word, if it is in a large part of a class and nearly nowhere else. Nothing
    is changed: only a person knows what is there at the time of the answer.
    """

    scope: ClassVar[Scope] = "table"
    place: ClassVar[int] = 500
    defaults: ClassVar[Defaults] = everywhere()

    kind: Literal["leakage"] = "leakage"
    """This step."""
    columns: Annotated[float, Field(gt=0, le=1)] = 0.9
    """Share of the errors of always saying the largest class that a column must avoid by itself."""
    words: Annotated[float, Field(gt=0, le=1)] = 0.3
    """Share of a class's rows that a word must begin or end."""
    purity: Annotated[float, Field(gt=0, le=1)] = 0.99
    """Share of the rows with the word that must be of that class."""

    def apply_divided(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """The rows as they are; what was found is among the findings."""
        names = context.named("label")
        train = rows.filter(pl.col(SPLIT) == "train")
        if not names or len(train) < LEAST_ROWS or train[names[0]].n_unique() < 2:
            return rows
        for column in context.named("extra"):
            self._column(train, column, names[0], context)
        self._words(train, names[0], context)
        return rows

    def _column(self, train: pl.DataFrame, column: str, label: str, context: Context) -> None:
        """How much of the label a column tells: by its values, and by its gaps alone."""
        values = train[column].cast(pl.String, strict=False).fill_null("")
        given = train[label]
        gaps = (values == "").cast(pl.String)
        told, gap = explained(gaps, given), True
        if told < self.columns and values.n_unique() <= MOST_VALUES * len(values):
            told, gap = explained(values, given), False
        if told < self.columns:
            return
        context.findings.append(
            Finding(
                "The column '{column}' gives the label away: whether it is empty avoids {told}% of "
                "the errors. Keep it out of the text, if it is not known before the answer."
                if gap else
                "The column '{column}' gives the label away: its values avoid {told}% of the "
                "errors. Keep it out of the text, if it is not known before the answer.",
                "leakage", 0.35,
                fields={"column": column, "told": round(100 * told)},
                examples=tuple(_examples(train, column, label)),
            )
        )  # fmt: skip

    def _words(self, train: pl.DataFrame, label: str, context: Context) -> None:
        if not texts.is_said(context):
            return
        said = texts.row_texts(train, context).str.to_lowercase().str.extract_all(WORDS)
        sizes = train.group_by(label).len("size")
        for first, word in ((True, said.list.first()), (False, said.list.last())):
            pairs = train.select(label).with_columns(_word=word).drop_nulls()
            counts = pairs.group_by("_word", label).len("n").join(sizes, on=label)
            whole = pl.col("n").sum().over("_word")
            telling = counts.filter(
                (pl.col("n") >= self.words * pl.col("size"))
                & (pl.col("n") >= self.purity * whole)
                & (pl.col("n") >= LEAST_ROWS / 5)
            ).sort("n", "_word", descending=[True, False])
            for found in telling.head(EXAMPLES).iter_rows(named=True):
                context.findings.append(
                    Finding(
                        "'{word}' begins {share}% of the texts of class '{label}' and nearly no "
                        "others: is it part of what people will write?"
                        if first else
                        "'{word}' ends {share}% of the texts of class '{label}' and nearly no "
                        "others: is it part of what people will write?",
                        "leakage", 0.25,
                        fields={
                            "word": found["_word"], "label": found[label],
                            "share": round(100 * found["n"] / found["size"]),
                        },
                    )
                )  # fmt: skip


def explained(values: pl.Series, labels: pl.Series) -> float:
    """Share of the errors of always saying the largest class that a column avoids.

    Each half of the rows is judged by what the values mean in the other half, so that values of
    few rows tell nothing.

    Args:
        values: (rows,) text.
        labels: (rows,) text.
    """
    frame = pl.DataFrame({"value": values, "label": labels.cast(pl.String)}).with_row_index("i")
    errors = usual = 0
    for half in (0, 1):
        seen, asked = frame.filter(pl.col("i") % 2 != half), frame.filter(pl.col("i") % 2 == half)
        largest = _most(seen, [])["label"].item()
        meant = _most(seen, ["value"]).rename({"label": "said"})
        judged = asked.join(meant, on="value", how="left").with_columns(
            pl.col("said").fill_null(largest)
        )
        errors += int((judged["said"] != judged["label"]).sum())
        usual += int((asked["label"] != largest).sum())
    return 1 - errors / usual if usual else 0.0


def _most(rows: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """The label that most rows have, for each value of ``by``."""
    counts = rows.group_by([*by, "label"]).len("n").sort("n", "label", descending=[True, False])
    kept = counts.unique(by, keep="first", maintain_order=True) if by else counts.head(1)
    return kept.drop("n")


def _examples(train: pl.DataFrame, column: str, label: str) -> list[dict[str, object]]:
    first = train.unique([column, label], keep="first", maintain_order=True).head(EXAMPLES)
    shown = first.select(
        pl.col(SOURCE).alias("source"), pl.col(ROW).alias("row"),
        pl.col(column).cast(pl.String), pl.col(label).alias("its label"),
    )  # fmt: skip
    return shown.to_dicts()
