"""The loss on rows that are predicted for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from luthier.tasks.task import Batch, Example, Task
from luthier.train.loop import LOSS


class MeanLoss:
    """The task's own loss on rows that are predicted for: what training minimises, measured alike.

    Args:
        task: At work.
        examples: All of the rows, encoded.
    """

    def __init__(self, task: Task, examples: Sequence[Example]) -> None:
        self._task = task
        self._shared = task.of_step(examples)
        self._sum = self._weight = 0.0

    def add(self, output: Any, batch: Batch) -> None:
        """Add a batch; one without labels has no loss."""
        if any(name.endswith("labels") for name in batch):
            total, weight = self._task.loss(output, {**batch, **self._shared})
            self._sum += total.item()
            self._weight += weight

    def values(self) -> dict[str, float]:
        """The mean under the name of :data:`~luthier.train.loop.LOSS`, where there is one."""
        return {LOSS: self._sum / self._weight} if self._weight else {}
