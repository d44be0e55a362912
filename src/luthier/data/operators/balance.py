"""Balance: how many rows each class has to learn from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from luthier.core.lazy import lazy
from luthier.data.finding import Finding
from luthier.data.operator import Context, Defaults, Operator, Scope, everywhere
from luthier.data.roles import ADDED, SPLIT
from luthier.recipe.registries import PREPARATION

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from luthier.data import strata
else:
    np, pl = lazy("numpy"), lazy("polars")
    strata = lazy("luthier.data.strata")

SKEWED = 10.0
"""From more than this ratio of the largest to the smallest class on, it is reported."""

FIX = "data.steps.balance.method=oversample"


@PREPARATION.register
class Balance(Operator):
    """Report classes of very unequal size; even them out in train where asked.

    Only rows with one label each are taken away or repeated, and only in train: validation and
    test stay as the world is.
    """

    scope: ClassVar[Scope] = "table"
    place: ClassVar[int] = 600
    defaults: ClassVar[Defaults] = everywhere()

    kind: Literal["balance"] = "balance"
    """This step."""
    method: Literal["none", "undersample", "oversample"] = "none"
    """`none`: report only. `undersample`: leave out rows of large classes. `oversample`: repeat
    rows of small ones."""
    ratio: Annotated[float, Field(ge=1)] = 1.0
    """How many times as large as the smallest class the largest may be afterwards."""

    def apply_divided(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """Rows with the classes of train evened out; each row more or less is in the ledger."""
        names = context.named("label", "labels")
        if not names:
            return rows
        inside = rows[SPLIT] == "train"
        labels = rows.filter(inside)[names[0]]
        single = not isinstance(labels.dtype, pl.List)
        counts = _counts(labels)
        if len(counts) < 2:
            return rows
        if self.method == "none" or not single:
            self._report(counts, context)
            return rows
        random = np.random.default_rng(context.seed)
        places = [inside.to_numpy().nonzero()[0][(labels == label).fill_null(False).to_numpy()]
                  for label in counts]  # fmt: skip
        if self.method == "undersample":
            return self._without(rows, places, random, context)
        return self._with_more(rows, places, random, context)

    def _without(
        self, rows: pl.DataFrame, places: list[NDArray[np.int64]], random: np.random.Generator,
        context: Context,
    ) -> pl.DataFrame:  # fmt: skip
        """Rows of which no class has more than ``ratio`` times those of the smallest."""
        most = int(self.ratio * min(map(len, places)))
        out = np.concatenate([random.permutation(mine)[most:] for mine in places])
        gone = pl.Series(np.isin(np.arange(len(rows)), out), dtype=pl.Boolean)
        context.ledger.record(
            self.kind, "dropped", rows.filter(gone), f"beyond {most} rows of its class"
        )
        return rows.filter(~gone)

    def _with_more(
        self, rows: pl.DataFrame, places: list[NDArray[np.int64]], random: np.random.Generator,
        context: Context,
    ) -> pl.DataFrame:  # fmt: skip
        """Rows, and behind them copies: none is copied twice before all of its class are once."""
        least = int(np.ceil(max(map(len, places)) / self.ratio))
        copies = np.concatenate([strata.drawn(mine, least - len(mine), random) for mine in places])
        if ADDED not in rows.columns:
            rows = rows.with_columns(pl.lit(None, dtype=pl.String).alias(ADDED))
        if len(copies) == 0:
            return rows
        added = rows[copies].with_columns(pl.lit(self.kind).alias(ADDED))
        context.ledger.record(self.kind, "added", added, f"its class has fewer than {least} rows")
        return pl.concat([rows, added])

    def _report(self, counts: dict[str, int], context: Context) -> None:
        largest, smallest = max(counts, key=counts.__getitem__), min(counts, key=counts.__getitem__)
        ratio = counts[largest] / counts[smallest]
        if ratio <= SKEWED:
            return
        context.findings.append(
            Finding(
                "Of the classes to learn, '{largest}' has {most} rows and '{smallest}' {fewest}: "
                "rare classes are learned badly. Repeat their rows, or weigh them with "
                "task.class_weights=balanced.",
                self.kind, _harm(ratio), fix=FIX,
                fields={
                    "largest": largest, "most": counts[largest],
                    "smallest": smallest, "fewest": counts[smallest], "ratio": round(ratio, 1),
                    "fixes": [FIX, "task.class_weights=balanced"],
                },
            )
        )  # fmt: skip


def _counts(labels: pl.Series) -> dict[str, int]:
    """Rows of each class, by its name."""
    flat = labels.explode() if isinstance(labels.dtype, pl.List) else labels
    counted = flat.drop_nulls().alias("label").to_frame().group_by("label").len().sort("label")
    return dict(counted.iter_rows())


def _harm(ratio: float) -> float:
    """0.4 for classes of ten times the size, 0.6 for a hundred times, 0.8 at most."""
    return round(min(0.8, 0.2 + 0.2 * float(np.log10(ratio))), 2)
