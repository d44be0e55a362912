"""Drift: whether the test rows are of the same kind as those to train on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from luthier.core.lazy import lazy
from luthier.data.finding import Finding
from luthier.data.operator import Context, Defaults, Operator, Scope, everywhere
from luthier.data.roles import SPLIT
from luthier.recipe.registries import PREPARATION

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from luthier.data import linear, texts
else:
    np, pl = lazy("numpy"), lazy("polars")
    linear, texts = lazy("luthier.data.linear"), lazy("luthier.data.texts")

LEAST_ROWS = 50
"""Of fewer test rows nothing is said."""

MOST_CHARACTERS = 500
"""Of a text, from its start, by which the sides are told apart: whole articles take minutes, and
show no more."""

MOST_ROWS = 10_000
"""Rows of each side that are compared at most."""

HAN = r"\p{Han}"
DIFFERENT = 0.1
"""Difference of two shares, or of a length's AUC from one half, from which on it is named."""

SURE = 3.5
"""Standard errors that a difference must have."""


@PREPARATION.register
class Drift(Operator):
    """Tell whether a model can tell test rows from those to train on (adversarial validation).

    If it can, the verdict on the test speaks of other texts than the model learned from.
    """

    scope: ClassVar[Scope] = "table"
    place: ClassVar[int] = 520
    defaults: ClassVar[Defaults] = everywhere()

    kind: Literal["drift"] = "drift"
    """This step."""
    least: Annotated[float, Field(gt=0.5, le=1)] = 0.6
    """Area under the ROC curve from which on the difference is reported: 0.5 is none."""

    def apply_divided(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """The rows as they are; what was found is among the findings."""
        if not texts.is_said(context):
            return rows
        for split in ("test", "validation"):
            two = rows.filter(pl.col(SPLIT).is_in(["train", split]))
            if min(self._sizes(two)) >= LEAST_ROWS:
                self._compare(two, split, context)
        return rows

    @staticmethod
    def _sizes(rows: pl.DataFrame) -> tuple[int, int]:
        train = int((rows[SPLIT] == "train").sum())
        return train, len(rows) - train

    def _compare(self, rows: pl.DataFrame, split: str, context: Context) -> None:
        chosen = rows[_sample(rows[SPLIT] != "train", context.seed)]
        said = texts.row_texts(chosen, context)
        away = (chosen[SPLIT] != "train").cast(pl.Int64).to_numpy()
        groups = said.rank("dense").to_numpy().astype(np.int64)
        starts = said.str.head(MOST_CHARACTERS)
        matrix = linear.Vocabularies.of(starts).matrix(starts)
        judged = linear.cross_validated(
            matrix, away, groups, folds=3, seed=context.seed, workers=context.workers
        )[:, 1]
        area, error = auc(judged, away)
        told = area >= self.least and area - SURE * error > 0.5
        differences = _differences(chosen, said, away, context)
        if not told and not differences:
            return
        context.findings.append(
            Finding(
                "The {split} rows differ from those to train on (AUC of a model that tells them "
                "apart: {area}; 0.5 is chance). What differs: {differences}.",
                "drift", min(0.8, 0.3 + 2 * max(0.0, area - self.least)),
                fields={
                    "split": split, "area": round(area, 2),
                    "differences": ", ".join(differences) or "words",
                },
            )
        )  # fmt: skip


def auc(scores: NDArray[np.float64], positive: NDArray[np.int64]) -> tuple[float, float]:
    """Area under the ROC curve and its standard error (Hanley and McNeil 1982, eq. 2).

    Args:
        scores: (rows,) higher for the positive.
        positive: (rows,) 0 or 1, both present.
    """
    ranks = pl.Series(scores).rank("average").to_numpy()
    many = int(positive.sum())
    few = len(positive) - many
    area = float((ranks[positive == 1].sum() - many * (many + 1) / 2) / (many * few))
    one, two = area / (2 - area), 2 * area**2 / (1 + area)
    spread = area * (1 - area) + (many - 1) * (one - area**2) + (few - 1) * (two - area**2)
    return area, float(np.sqrt(max(spread, 0.0) / (many * few)))


def _sample(away: pl.Series, seed: int) -> NDArray[np.int64]:
    """Indices of at most ``MOST_ROWS`` of each side, in order."""
    random = np.random.default_rng(seed)
    sides = [np.flatnonzero((away == side).to_numpy()) for side in (False, True)]
    kept = [
        side if len(side) <= MOST_ROWS else random.choice(side, MOST_ROWS, replace=False)
        for side in sides
    ]
    return np.sort(np.concatenate(kept))


def _differences(
    rows: pl.DataFrame, said: pl.Series, away: NDArray[np.int64], context: Context
) -> list[str]:
    """Simple properties in which the two sides differ beyond chance, in words and figures."""
    found = []
    lengths = said.str.len_chars().cast(pl.Float64).to_numpy()
    area, error = auc(lengths, away)
    if abs(area - 0.5) > max(DIFFERENT, SURE * error):
        here, there = np.median(lengths[away == 0]), np.median(lengths[away == 1])
        found.append(f"median length {here:.0f} and {there:.0f}")
    found += _shares("Chinese", said.str.contains(HAN).to_numpy(), away)
    for name in context.named("label"):
        for label in rows[name].drop_nulls().unique().sort().head(20):
            found += _shares(f"class {label}", rows[name].eq_missing(label).to_numpy(), away)
    return found


def _shares(name: str, holds: NDArray[np.bool_], away: NDArray[np.int64]) -> list[str]:
    """A property that one side has more often."""
    sizes = np.array([(away == 0).sum(), (away == 1).sum()])
    here, there = (float(holds[away == side].mean()) for side in (0, 1))
    both = float(holds.mean())
    chance = np.sqrt(both * (1 - both) * (1 / sizes).sum())
    differ = abs(here - there) >= max(DIFFERENT, SURE * chance)
    return [f"{name} {here:.0%} and {there:.0%}"] if differ else []
