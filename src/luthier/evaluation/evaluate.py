"""Measuring a model on rows."""

from __future__ import annotations

import polars as pl

from luthier.evaluation.predict import predict
from luthier.metrics import Measures
from luthier.models.model import Model
from luthier.recipe.schema import Evaluation
from luthier.tasks.task import Predictions, Task


def measure_rows(
    model: Model, task: Task, rows: pl.DataFrame, settings: Evaluation
) -> tuple[Measures, Predictions]:
    """Predictions for labelled rows and what they are worth, with intervals."""
    predictions = predict(model, task, task.encode(rows), batch_size=settings.batch_size)
    measures = task.measure(
        predictions,
        task.references(rows),
        confidence=settings.confidence,
        resamples=settings.resamples,
    )
    return measures, predictions
