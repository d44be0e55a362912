"""Doubtful labels: rows whose label a model that did not see them would not give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from luthier.core.lazy import lazy
from luthier.data.finding import Finding
from luthier.data.operator import Context, Defaults, Operator, Scope, everywhere
from luthier.data.roles import ROW, SOURCE, SPLIT
from luthier.recipe.registries import PREPARATION

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from luthier.data import linear, texts
else:
    np, pl = lazy("numpy"), lazy("polars")
    linear, texts = lazy("luthier.data.linear"), lazy("luthier.data.texts")

LEAST_ROWS = 100
"""Of fewer rows no model learns enough to doubt a label."""

LEAST_OF_CLASS = 5
EXAMPLES = 8
KNOWING = 0.75
"""Accuracy from which on the model's doubts are worth acting on."""

MANY = 0.02
"""Share of doubtful labels that is worth a decision."""


@PREPARATION.register
class LabelNoise(Operator):
    """Rank rows of train by how doubtful their label is.

    Confident learning (Northcutt, Jiang and Chuang 2021): a linear model of words and runs of
    letters judges every row after learning from others. A label is doubtful where the model is as
    sure of another class as it is on average where that class is given. The ranking of all rows is
    in `label_noise.parquet`. Pairs of texts are left alone: how two texts stand to each other is
    not in their words.
    """

    scope: ClassVar[Scope] = "table"
    place: ClassVar[int] = 510
    defaults: ClassVar[Defaults] = everywhere()

    kind: Literal["label_noise"] = "label_noise"
    """This step."""
    action: Literal["flag", "drop", "relabel"] = "flag"
    """What becomes of rows with a doubtful label; `relabel` gives them the label that the model
    is sure of."""
    share: Annotated[float, Field(gt=0, le=1)] = 0.15
    """At most this share of the rows of train, the most doubtful ones."""

    def apply_divided(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """The rows without, or with other, doubtful labels in train."""
        names = context.named("label")
        if not names or not texts.is_said(context) or len(context.named("text")) > 1:
            return rows
        index = _judgeable(rows, names[0])
        if len(index) < LEAST_ROWS or rows[index][names[0]].n_unique() < 2:
            return rows
        ranking = self._ranking(rows[index], index, names[0], context)
        context.tables["label_noise"] = ranking.drop("_index", "_said")
        doubtful = ranking.filter("doubtful")
        _report(doubtful, ranking, context)
        return self._act(rows, doubtful, names[0], context)

    def _ranking(
        self, rows: pl.DataFrame, index: NDArray[np.int64], label: str, context: Context
    ) -> pl.DataFrame:
        """All judged rows, the most doubtful first."""
        said = texts.row_texts(rows, context)
        classes = rows[label].unique().sort()
        given = rows[label].replace_strict(
            classes, pl.int_range(len(classes), eager=True), return_dtype=pl.Int64
        ).to_numpy()  # fmt: skip
        groups = said.rank("dense").to_numpy().astype(np.int64)
        judged = linear.judged_by_others(
            said, given, groups, seed=context.seed, workers=context.workers
        )
        suggested, doubtful = suspects(judged, given)
        every = np.arange(len(given))
        frame = rows.select(pl.col(SOURCE).alias("source"), pl.col(ROW).alias("row")).with_columns(
            label=rows[label],
            suggestion=classes.gather(pl.Series(suggested)),
            p_label=pl.Series(judged[every, given]),
            p_suggestion=pl.Series(judged[every, suggested]),
            doubtful=pl.Series(doubtful),
            _index=pl.Series(index),
            _said=said,
        )
        ranked = frame.sort("p_label", "source", "row")
        most = int(self.share * len(ranked))
        within = pl.col("doubtful").cum_sum() <= most
        return ranked.with_columns(pl.col("doubtful") & within)

    def _act(
        self, rows: pl.DataFrame, doubtful: pl.DataFrame, label: str, context: Context
    ) -> pl.DataFrame:
        entered = doubtful.rename({"source": SOURCE, "row": ROW})
        why = pl.format(
            "the label '{}' has probability {}, '{}' has {}",
            "label", pl.col("p_label").round(3), "suggestion", pl.col("p_suggestion").round(3),
        )  # fmt: skip
        chosen = pl.Series(doubtful["_index"])
        if self.action == "flag":
            context.ledger.record(self.kind, "flagged", entered, why, before=pl.col("_said"))
            return rows
        if self.action == "drop":
            context.ledger.record(self.kind, "dropped", entered, why, before=pl.col("_said"))
            kept = np.ones(len(rows), dtype=bool)
            kept[chosen.to_numpy()] = False
            return rows.filter(pl.Series(kept))
        context.ledger.record(
            self.kind, "changed", entered, why, before=pl.col("label"), after=pl.col("suggestion")
        )
        return rows.with_columns(rows[label].scatter(chosen, doubtful["suggestion"]).alias(label))


def suspects(
    judged: NDArray[np.float64], given: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The likeliest other class of every row, and whether its label is doubtful.

    Args:
        judged: (rows, classes) out-of-sample probabilities.
        given: (rows,) the labels.
    """
    rows = np.arange(len(given))
    counts = np.bincount(given, minlength=judged.shape[1])
    sums = np.bincount(given, judged[rows, given], minlength=judged.shape[1])
    usual = np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)
    others = judged.copy()
    others[rows, given] = -1.0
    suggested = others.argmax(1)
    sure = others[rows, suggested] >= usual[suggested]
    return suggested, sure & (others[rows, suggested] > judged[rows, given])


def _judgeable(rows: pl.DataFrame, label: str) -> NDArray[np.int64]:
    """Rows of train whose class has enough of them to be learned."""
    often = pl.len().over(label, SPLIT) >= LEAST_OF_CLASS
    usable = (pl.col(SPLIT) == "train") & pl.col(label).is_not_null() & often
    index: NDArray[np.int64] = rows.select(usable.arg_true()).to_series().to_numpy()
    return index.astype(np.int64)


def _report(doubtful: pl.DataFrame, ranking: pl.DataFrame, context: Context) -> None:
    right = float((ranking["p_label"] > ranking["p_suggestion"]).mean() or 0)  # type: ignore[arg-type]
    share = len(doubtful) / len(ranking)
    if share < MANY:
        return
    knows = right >= KNOWING
    context.findings.append(
        Finding(
            "The labels of {rows} training rows ({share}%) are doubtful: a model that did not see "
            "them is sure of another one. Read the first of them; it agrees with {right}% of all.",
            "label_noise",
            min(0.9, 0.3 + 3 * share) if knows else 0.3,
            "data.steps.label_noise.action=drop" if knows and share > 2 * MANY else "",
            fields={
                "rows": len(doubtful), "share": round(100 * share, 1),
                "right": round(100 * right, 1),
            },
            examples=tuple(_examples(doubtful)),
        )
    )  # fmt: skip
    _confusion(doubtful, len(ranking), context)


def _examples(doubtful: pl.DataFrame) -> list[dict[str, Any]]:
    shown = doubtful.head(EXAMPLES).rename({"_said": "text"})
    keys = ("source", "row", "text", "label", "p_label", "suggestion", "p_suggestion")
    return shown.select(keys).to_dicts()


def _confusion(doubtful: pl.DataFrame, count: int, context: Context) -> None:
    """The two classes that are taken for each other most."""
    low, high = pl.min_horizontal("label", "suggestion"), pl.max_horizontal("label", "suggestion")
    pairs = doubtful.group_by(low.alias("one"), high.alias("other")).len()
    pairs = pairs.sort("len", "one", "other", descending=[True, False, False])
    one, other, rows = pairs.row(0)
    if rows < MANY * count or len(pairs) < 2:
        return
    context.findings.append(
        Finding(
            "The classes '{one}' and '{other}' are mixed up most: {rows} rows of one look like the "
            "other. Say in one sentence what tells them apart, or make them one class.",
            "label_noise", 0.25, fields={"one": one, "other": other, "rows": rows},
        )
    )  # fmt: skip
