"""A number for each text."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import Tensor

from luthier.metrics import Measures, measure_regression
from luthier.tasks.classification.target import Target, constant


class Score(Target):
    """The network's one output as it is."""

    problem: ClassVar[str] = "regression"
    default_metric: ClassVar[str] = "rmse"

    def loss(self, logits: Tensor, labels: Tensor) -> tuple[Tensor, float]:
        """Squared error, and the number of scores."""
        total = torch.nn.functional.mse_loss(logits.squeeze(-1), labels, reduction="sum")
        return total, float(labels.numel())

    def decode(self, logits: Tensor) -> Tensor:
        """(rows,)."""
        return logits.squeeze(-1)

    def references(self, column: pl.Series) -> NDArray[np.float32]:
        """(rows,)."""
        return column.cast(pl.Float32).to_numpy()

    def measure(
        self,
        predictions: NDArray[Any],
        references: NDArray[Any],
        *,
        confidence: float = 0.95,
        resamples: int = 0,
    ) -> Measures:
        """Errors and correlations."""
        return measure_regression(
            references, predictions, confidence=confidence, resamples=resamples
        )

    def baseline(self, references: NDArray[Any]) -> Measures:
        """Of the mean score."""
        mean = constant(references.mean(dtype=np.float64), references)
        return self.measure(mean, references)

    def answers(self, predictions: NDArray[Any]) -> list[dict[str, Any]]:
        """``score``."""
        return [{"score": float(value)} for value in predictions]

    def mistaken(
        self, predictions: NDArray[Any], references: NDArray[Any]
    ) -> tuple[NDArray[np.float64], None]:
        """The size of the error."""
        return np.abs(predictions - references), None
