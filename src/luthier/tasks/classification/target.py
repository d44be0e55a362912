"""What a classifier answers with: the contract of one class, several classes and a score."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray
from torch import Tensor

from luthier.metrics import Measures
from luthier.tasks.task import Facts

if TYPE_CHECKING:
    from luthier.tasks.classify import Classify


@dataclass(frozen=True)
class Target(ABC):
    """One kind of answer: its loss, its figures, its words."""

    config: Classify
    labels: list[str]
    weights: Sequence[float] | None = None
    """Of the classes in the loss; None: 1 each."""
    thresholds: Sequence[float] | None = None
    """Probability from which on each class is given, where several may be; None: one half."""

    problem: ClassVar[str]
    """transformers' name of the kind of answer."""
    default_metric: ClassVar[str] = "f1_macro"
    """Picks the best checkpoint where the recipe names none."""

    @property
    def index(self) -> dict[str, int]:
        """Class name to its place among the logits."""
        return {label: place for place, label in enumerate(self.labels)}

    @abstractmethod
    def loss(self, logits: Tensor, labels: Tensor) -> tuple[Tensor, float]:
        """The loss of fp32 logits (rows, classes), summed, and the weight it is a sum over."""

    def weight(self, label: Any) -> float:
        """What a row with this label, as :meth:`references` says it, adds to that weight."""
        return 1.0

    @abstractmethod
    def decode(self, logits: Tensor) -> Tensor:
        """Logits (rows, classes) as probabilities (rows, classes), or scores (rows,)."""

    @abstractmethod
    def references(self, column: pl.Series) -> NDArray[Any]:
        """The true answers as numbers, (rows, ...)."""

    @abstractmethod
    def measure(
        self,
        predictions: NDArray[Any],
        references: NDArray[Any],
        *,
        confidence: float = 0.95,
        resamples: int = 0,
    ) -> Measures:
        """What decoded answers are worth."""

    @abstractmethod
    def baseline(self, references: NDArray[Any]) -> Measures:
        """What the best constant answer is worth, without intervals."""

    def unknown(self, column: pl.Series) -> tuple[pl.Series, list[str]]:
        """Which rows have an answer that the model cannot give, and these answers, sorted."""
        return pl.repeat(False, len(column), eager=True), []

    @abstractmethod
    def answers(self, predictions: NDArray[Any]) -> list[dict[str, Any]]:
        """Decoded answers as people read them, what matters first."""

    @abstractmethod
    def mistaken(
        self, predictions: NDArray[Any], references: NDArray[Any]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
        """How wrong each row is (0: it is right), and the probability of its wrong answer."""

    def fit(self, predictions: NDArray[Any], references: NDArray[Any]) -> Facts:
        """What answers on validation rows teach about answering."""
        return {}


def constant(answer: Any, references: NDArray[Any]) -> NDArray[np.float64]:
    """One decoded answer for every row of the references."""
    value = np.asarray(answer, dtype=np.float64)
    return np.broadcast_to(value, references.shape[:1] + value.shape)
