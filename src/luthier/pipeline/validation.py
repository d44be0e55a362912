"""Validation rows, measured again and again while a model is trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from luthier.evaluation.predict import predict
from luthier.models.model import Model
from luthier.tasks.task import Batch, Example, Task
from luthier.train.loop import LOSS


class Validation:
    """The rows, encoded once, and what the model is worth on them.

    Args:
        model: That is trained.
        task: That measures it.
        rows: The validation rows.
        batch_size: Rows per batch.
    """

    def __init__(self, model: Model, task: Task, rows: pl.DataFrame, *, batch_size: int) -> None:
        self._model, self._task, self._size = model, task, batch_size
        self.examples = task.encode(rows)
        self._references = task.references(rows)

    def __call__(self) -> dict[str, float]:
        """The task's metrics, and its loss."""
        loss = MeanLoss(self._task, self.examples)
        predictions = predict(
            self._model, self._task, self.examples, batch_size=self._size, on_output=loss.add
        )
        measured = self._task.measure(predictions, self._references, resamples=0)
        return {**loss.values(), **measured.values()}


class MeanLoss:
    """The task's own loss on rows that are predicted for, always by the same measure.

    Args:
        task: At work.
        examples: All of the rows, encoded.
    """

    def __init__(self, task: Task, examples: Sequence[Example]) -> None:
        self._task = task
        self._shared = task.of_step(examples)
        self._sum = self._weight = 0.0
        # What a network wrote, token after token, has no loss.
        self._knows = type(task).compute is Task.compute

    def add(self, output: Any, batch: Batch) -> None:
        """Add a batch; one without labels has no loss."""
        if self._knows and any(name.endswith("labels") for name in batch):
            total, weight = self._task.yardstick(output, {**batch, **self._shared})
            self._sum += total.item()
            self._weight += weight

    def values(self) -> dict[str, float]:
        """The mean under the name of :data:`~luthier.train.loop.LOSS`, where there is one."""
        return {LOSS: self._sum / self._weight} if self._weight else {}
