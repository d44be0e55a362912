"""What new rows do to a model, measured on validation by a fast one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from luthier.data import linear
from luthier.data.minhash import in_order
from luthier.data.outlines import outlines
from luthier.data.roles import ADDED, ROW, SOURCE, SPLIT
from luthier.metrics import Difference, measure_classification, paired_classification

LEAST_TRAIN, LEAST_VALIDATION = 100, 50
"""Rows of which fewer tell nothing."""

MOST_ASKED = 10_000
"""Validation rows that are asked at most."""

LEARNT_IMAGES = 4_000
"""Images learned from at most, new ones with them; as many are asked."""

MEASURED = ("f1_macro", "accuracy")

Places = NDArray[np.int64]
"""Indices of rows."""


@dataclass(frozen=True)
class Judge:
    """How rows come before the linear model."""

    knowing: Callable[[Places], Callable[[Places], linear.Matrix]]
    """Of the rows to learn from: what makes (rows, features) numbers of any."""
    learned: int
    """Rows that it learns from at most."""
    asked: int
    """Rows that it is asked at most."""

    @classmethod
    def of_texts(cls, said: pl.Series) -> Judge:
        """By the words of texts, (rows,)."""

        def knowing(seen: Places) -> Callable[[Places], linear.Matrix]:
            known = linear.Vocabularies.of(said.gather(pl.Series(seen)))
            return lambda places: known.matrix(said.gather(pl.Series(places)))

        return cls(knowing, linear.LEARNT_ROWS, MOST_ASKED)

    @classmethod
    def of_images(cls, images: pl.Series, workers: int) -> Judge:
        """By the outlines and colours of images, (rows,); the result is that of any workers."""

        def numbers(places: Places) -> linear.Matrix:
            values = images.gather(pl.Series(places)).to_list()
            return np.stack(list(in_order(values, outlines, workers)))

        return cls(lambda _seen: numbers, LEARNT_IMAGES, LEARNT_IMAGES)


@dataclass(frozen=True)
class Effect:
    """A linear model's worth on validation, without the new rows and with them."""

    train: int
    """Rows of train it learned from."""
    added: int
    """New rows it learned from beside them, the second time."""
    asked: int
    """Validation rows it was asked."""
    without: dict[str, float]
    """``f1_macro`` and ``accuracy`` without the new rows."""
    with_new: dict[str, float]
    """The same with them."""
    gains: dict[str, Difference]
    """By how much each is higher with them: paired bootstrap over the validation rows."""

    @property
    def hurts(self) -> bool:
        """Whether macro F1 is lower beyond chance."""
        return self.gains["f1_macro"].high < 0

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, for the card."""
        return asdict(self)


def effect_of(rows: pl.DataFrame, judge: Judge, label: str, step: str, seed: int) -> Effect | None:
    """The effect of the rows that ``step`` added; None where too few rows can tell.

    Both models of texts know the same words, those of old and new rows. Of very many rows a
    sample is learned from, with the new ones that were made of it.

    Args:
        rows: Divided rows, old and new.
        judge: Of the same rows.
        label: Column with one class name each.
        step: Kind of the step, as in the column of rows that were added.
        seed: Decides the samples.
    """
    old, new = _learned(rows, label, step, seed, judge.learned)
    classes = rows[old][label].unique().sort()
    among = rows[label].is_in(classes.implode())
    asked = _places((rows[SPLIT] == "validation") & among, judge.asked, seed)
    if len(old) < LEAST_TRAIN or len(asked) < LEAST_VALIDATION or len(classes) < 2 or not len(new):
        return None
    numbers = pl.Series(range(len(classes)), dtype=pl.Int64)
    given = rows[label].replace_strict(classes, numbers, default=-1, return_dtype=pl.Int64)
    labels: NDArray[np.int64] = given.to_numpy().astype(np.int64)
    seen = np.concatenate([old, new])
    numbered = judge.knowing(seen)
    learned, questions = numbered(seen), numbered(asked)
    judged = [
        linear.fitted(learned[:count], labels[seen[:count]], len(classes))(questions)
        for count in (len(old), len(seen))
    ]
    without, with_new = (
        measure_classification(labels[asked], found, classes.to_list(), resamples=0).values()
        for found in judged
    )
    before, after = (found.argmax(1) for found in judged)
    gains = paired_classification(labels[asked], after, before, len(classes))
    return Effect(
        train=len(old),
        added=len(new),
        asked=len(asked),
        without={name: without[name] for name in MEASURED},
        with_new={name: with_new[name] for name in MEASURED},
        gains={name: gains[name] for name in MEASURED},
    )


def _learned(
    rows: pl.DataFrame, label: str, step: str, seed: int, most: int
) -> tuple[Places, Places]:
    """Places of about ``most`` rows to learn from: old ones, and the new ones made of them."""
    inside = (rows[SPLIT] == "train") & rows[label].is_not_null()
    made = (rows[ADDED] == step).fill_null(False)
    count, more = int((inside & ~made).sum()), int((inside & made).sum())
    old = _places(inside & ~made, most * count // max(1, count + more), seed)
    origins = rows[old].select(SOURCE, ROW).unique()
    new = rows.with_row_index("_place").filter(inside & made)
    new = new.join(origins, on=[SOURCE, ROW], how="semi", maintain_order="left")
    return old, new["_place"].to_numpy().astype(np.int64)


def _places(chosen: pl.Series, most: int, seed: int) -> Places:
    """Where ``chosen`` is true, or at so many of these places."""
    places: Places = chosen.fill_null(False).arg_true().to_numpy().astype(np.int64)
    if len(places) <= most:
        return places
    return np.sort(np.random.default_rng(seed).choice(places, most, replace=False))
