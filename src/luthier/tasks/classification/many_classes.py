"""Any number of classes for each text."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray
from torch import Tensor

from luthier.metrics import Measures, fit_thresholds, measure_multilabel
from luthier.metrics.multilabel import THRESHOLD
from luthier.tasks import losses
from luthier.tasks.classification.target import Target, constant
from luthier.tasks.task import Facts


class ManyClasses(Target):
    """Every class whose probability reaches its threshold."""

    problem: ClassVar[str] = "multi_label_classification"

    def loss(self, logits: Tensor, labels: Tensor) -> tuple[Tensor, float]:
        """Binary cross-entropy of every class, or its focal form, and the number of terms."""
        config = self.config
        return losses.many_classes(
            logits, labels,
            weight=None if self.weights is None else logits.new_tensor(self.weights),
            smoothing=config.label_smoothing,
            gamma=config.focal_gamma if config.loss == "focal" else None,
        )  # fmt: skip

    def weight(self, label: Any) -> float:
        """The number of terms."""
        return float(len(self.labels))

    def decode(self, logits: Tensor) -> Tensor:
        """A probability of each class by itself."""
        return logits.sigmoid()

    def references(self, column: pl.Series) -> NDArray[np.float32]:
        """0 and 1: (rows, classes)."""
        index = self.index
        matrix = np.zeros((len(column), len(self.labels)), dtype=np.float32)
        for row, labels in enumerate(column.to_list()):
            matrix[row, [index[label] for label in labels]] = 1
        return matrix

    def measure(
        self,
        predictions: NDArray[Any],
        references: NDArray[Any],
        *,
        confidence: float = 0.95,
        resamples: int = 0,
    ) -> Measures:
        """Precision, recall and F1 of all kinds, at the thresholds."""
        return measure_multilabel(
            references, predictions, self.labels,
            thresholds=self.thresholds, confidence=confidence, resamples=resamples,
        )  # fmt: skip

    def baseline(self, references: NDArray[Any]) -> Measures:
        """Of the classes that most rows have."""
        shares = constant(references.mean(0), references)
        return replace(self, thresholds=None).measure(shares, references)

    def unknown(self, column: pl.Series) -> tuple[pl.Series, list[str]]:
        """Rows with any other class."""
        others = column.list.eval(pl.element().filter(~pl.element().is_in(self.labels)))
        return others.list.len() > 0, sorted(others.explode().drop_nulls().unique().to_list())

    def answers(self, predictions: NDArray[Any]) -> list[dict[str, Any]]:
        """``labels``, and all ``probabilities``."""
        given = predictions >= self._thresholds
        return [
            {
                "labels": [label for label, one in zip(self.labels, chosen, strict=True) if one],
                "probabilities": dict(zip(self.labels, map(float, row), strict=True)),
            }
            for row, chosen in zip(predictions, given, strict=True)
        ]

    def mistaken(
        self, predictions: NDArray[Any], references: NDArray[Any]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Of each row's worst class: how far beyond its threshold, as a share, and 1."""
        limit = self._thresholds
        given = predictions >= limit
        beyond = np.where(given, (predictions - limit) / (1 - limit), 1 - predictions / limit)
        rank = np.where(given != (references > THRESHOLD), 1 + beyond, 0.0)
        worst = (np.arange(len(rank)), rank.argmax(-1))
        return rank[worst], np.where(given, predictions, 1 - predictions)[worst]

    def fit(self, predictions: NDArray[Any], references: NDArray[Any]) -> Facts:
        """``thresholds``, one for each class, where the recipe wants them tuned."""
        if self.config.thresholds == "half":
            return {}
        return {"thresholds": fit_thresholds(references, predictions)}

    @property
    def _thresholds(self) -> NDArray[np.float64]:
        """(classes,)."""
        return (
            np.full(len(self.labels), THRESHOLD)
            if self.thresholds is None
            else np.array(self.thresholds)
        )
