"""What new rows do to a model, measured on validation by a fast one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from luthier.data import linear
from luthier.data.roles import ADDED, SPLIT
from luthier.metrics import Difference, measure_classification, paired_difference

LEAST_TRAIN, LEAST_VALIDATION = 60, 50
"""Rows of which fewer tell nothing."""


@dataclass(frozen=True)
class Effect:
    """A linear model's worth on validation, without the new rows and with them."""

    rows: int
    """Validation rows that were asked."""
    f1_without: float
    f1_with: float
    """Macro F1."""
    accuracy: Difference
    """By how much accuracy is higher with the new rows, paired by row."""

    @property
    def hurts(self) -> bool:
        """Whether accuracy is lower beyond chance."""
        return self.accuracy.high < 0


def effect_of(
    rows: pl.DataFrame, said: pl.Series, label: str, step: str, seed: int
) -> Effect | None:
    """The effect of the rows that ``step`` added; None where too few rows can tell.

    Args:
        rows: Divided rows, old and new.
        said: (rows,) what each says.
        label: Column with one class name each.
        step: Kind of the step, as in the column of rows that were added.
        seed: Decides which rows are learned from where they are very many.
    """
    inside = (rows[SPLIT] == "train") & rows[label].is_not_null()
    old = inside & ~(rows[ADDED] == step).fill_null(False)
    classes = rows.filter(old)[label].unique().sort()
    asked = (rows[SPLIT] == "validation") & rows[label].is_in(classes.implode())
    if old.sum() < LEAST_TRAIN or asked.sum() < LEAST_VALIDATION or len(classes) < 2:
        return None
    numbers = dict(zip(classes, range(len(classes)), strict=True))
    truth = _numbers(rows.filter(asked)[label], numbers)
    judged = []
    for chosen in (old, inside & rows[label].is_in(classes.implode())):
        texts, labels = said.filter(chosen), _numbers(rows.filter(chosen)[label], numbers)
        kept = linear.thinned(np.arange(len(texts)), seed)
        texts, labels = texts.gather(pl.Series(kept)), labels[kept]
        known = linear.Vocabularies.of(texts)
        judge = linear.fitted(known.matrix(texts), labels, len(classes))
        judged.append(judge(known.matrix(said.filter(asked))))
    without, with_new = (
        measure_classification(truth, found, classes.to_list(), resamples=0).values()["f1_macro"]
        for found in judged
    )
    right = [found.argmax(1) == truth for found in judged]
    return Effect(len(truth), without, with_new, paired_difference(right[1], right[0]))


def _numbers(labels: pl.Series, numbers: dict[str, int]) -> NDArray[np.int64]:
    return labels.replace_strict(numbers, return_dtype=pl.Int64).to_numpy().astype(np.int64)
