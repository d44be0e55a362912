"""Precision, recall and F1 from counts of right answers, answers and true rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from luthier.metrics.intervals import Floats, estimate


def divide(a: NDArray[Any], b: NDArray[Any]) -> Floats:
    """A / b with 0 where b is 0, as scikit-learn's ``zero_division=0``."""
    a, b = np.broadcast_arrays(np.asarray(a, np.float64), np.asarray(b, np.float64))
    quotient: Floats = np.divide(a, b, out=np.zeros(a.shape), where=b != 0)
    return quotient


@dataclass(frozen=True)
class Counts:
    """How often each class or label occurs, in each of many samples: (..., k) each."""

    right: Floats
    """Rows of the class that were answered so."""
    answered: Floats
    """Rows answered so."""
    support: Floats
    """Rows of the class."""

    def precision(self) -> Floats:
        """Of the rows answered so, the share that is so: (..., k)."""
        return divide(self.right, self.answered)

    def recall(self) -> Floats:
        """Of the rows that are so, the share answered so: (..., k)."""
        return divide(self.right, self.support)

    def f1(self) -> Floats:
        """Harmonic mean of precision and recall: (..., k)."""
        return divide(2 * self.right, self.answered + self.support)

    def averages(self, included: NDArray[np.bool_]) -> dict[str, Floats]:
        """Macro, micro and weighted means: name to (...).

        Args:
            included: (..., k) classes over which macro means run.
        """
        right, answered = self.right.sum(-1), self.answered.sum(-1)
        support = self.support.sum(-1)
        result = {
            "precision_micro": divide(right, answered),
            "recall_micro": divide(right, support),
            "f1_micro": divide(2 * right, answered + support),
        }
        for kind in ("precision", "recall", "f1"):
            scores: Floats = getattr(self, kind)()
            result[f"{kind}_macro"] = divide((scores * included).sum(-1), included.sum(-1))
            result[f"{kind}_weighted"] = divide((scores * self.support).sum(-1), support)
        return result

    def table(self, labels: list[str], confidence: float) -> list[dict[str, Any]]:
        """Precision, recall, F1 with its interval, and support of each class of (samples, k)."""
        precision, recall, f1 = self.precision()[0], self.recall()[0], self.f1()
        return [
            {
                "label": label,
                "precision": float(precision[i]),
                "recall": float(recall[i]),
                "f1": estimate(f1[:, i], confidence).to_json(),
                "support": int(self.support[0, i]),
            }
            for i, label in enumerate(labels)
        ]
