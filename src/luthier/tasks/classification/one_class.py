"""Exactly one class for each text."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray
from torch import Tensor

from luthier.metrics import Measures, measure_classification
from luthier.tasks import losses
from luthier.tasks.classification.target import Target, constant


class OneClass(Target):
    """The most probable class."""

    problem: ClassVar[str] = "single_label_classification"

    def loss(self, logits: Tensor, labels: Tensor) -> tuple[Tensor, float]:
        """Cross-entropy or focal loss, and the weight of the rows' classes."""
        config = self.config
        weight = None if self.weights is None else logits.new_tensor(self.weights)
        if config.loss == "focal":
            return losses.one_class_focal(logits, labels, gamma=config.focal_gamma, weight=weight)
        return losses.one_class(logits, labels, weight=weight, smoothing=config.label_smoothing)

    def weight(self, label: Any) -> float:
        """That of its class."""
        return 1.0 if self.weights is None else self.weights[int(label)]

    def decode(self, logits: Tensor) -> Tensor:
        """Probabilities that add up to 1."""
        return logits.softmax(-1)

    def references(self, column: pl.Series) -> NDArray[np.int64]:
        """Indices of the classes: (rows,)."""
        index = self.index
        return np.array([index[label] for label in column.to_list()], dtype=np.int64)

    def measure(
        self,
        predictions: NDArray[Any],
        references: NDArray[Any],
        *,
        confidence: float = 0.95,
        resamples: int = 0,
    ) -> Measures:
        """Accuracy, precision, recall, F1 and the rest."""
        return measure_classification(
            references, predictions, self.labels, confidence=confidence, resamples=resamples
        )

    def baseline(self, references: NDArray[Any]) -> Measures:
        """Of the most frequent class."""
        counts = np.bincount(references, minlength=len(self.labels))
        majority = constant(np.eye(len(self.labels))[counts.argmax()], references)
        return self.measure(majority, references)

    def unknown(self, column: pl.Series) -> tuple[pl.Series, list[str]]:
        """Rows of other classes."""
        strange = ~column.is_in(self.labels)
        return strange, sorted(column.filter(strange).unique().to_list())

    def answers(self, predictions: NDArray[Any]) -> list[dict[str, Any]]:
        """``label`` with its ``probability``, and all ``probabilities``."""
        answers = []
        for row in predictions:
            probabilities = dict(zip(self.labels, map(float, row), strict=True))
            best = self.labels[int(row.argmax())]
            answers.append(
                {"label": best, "probability": probabilities[best], "probabilities": probabilities}
            )
        return answers

    def mistaken(
        self, predictions: NDArray[Any], references: NDArray[Any]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The probability of the wrong answer."""
        probability = predictions.max(-1)
        return np.where(predictions.argmax(-1) == references, 0.0, probability), probability
