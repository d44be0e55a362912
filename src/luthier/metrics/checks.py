"""What must hold before anything is measured."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from luthier.core.errors import DataError, ModelError


def check_measurable(y_true: NDArray[Any], predictions: NDArray[Any]) -> None:
    """Refuse what would give figures without meaning.

    Args:
        y_true: (rows, ...) true answers.
        predictions: (rows, ...) probabilities or scores.

    Raises:
        ValueError: If there are not as many predictions as answers.
        DataError: If there are no rows.
        ModelError: If a prediction is not a finite number.
    """
    if len(y_true) != len(predictions):
        raise ValueError(f"{len(y_true)} answers, but {len(predictions)} predictions")
    if len(y_true) == 0:
        raise DataError("There are no rows to measure.")
    broken = int((~np.isfinite(predictions).reshape(len(y_true), -1).all(1)).sum())
    if broken:
        raise ModelError(
            "The model's answer is not a number in {count} of {rows} rows.",
            hint="The training diverged: lower training.learning_rate and tune again.",
            count=broken,
            rows=len(y_true),
        )
