"""A stage made ready to train: techniques applied, optimizer built, validation at hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl

from luthier.core.errors import RecipeError
from luthier.data.prepared import Prepared
from luthier.evaluation.predict import predict
from luthier.models.devices import device
from luthier.models.model import Model
from luthier.models.vocabulary import train_known_rows
from luthier.recipe.schema import Stage, Training
from luthier.tasks.task import Batch, Example, Task
from luthier.techniques.technique import Work, course
from luthier.train.loop import LOSS, Session
from luthier.train.optimizer import build_optimizer


def work_on(task: Task, examples: Sequence[Example], batch_size: int) -> Work:
    """What techniques may look at of the training on encoded rows."""

    def batches(count: int) -> Iterator[Batch]:
        for start in range(0, min(count, len(examples)), batch_size):
            yield task.collate(examples[start : min(start + batch_size, count)])

    return Work(batches, task.loss)


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


def session_for(
    stage: Stage,
    task: Task,
    model: Model,
    prepared: Prepared,
    rows: Sequence[Example],
    work: Work,
) -> Session:
    """The model with its techniques applied and its optimizer, ready to train on encoded rows."""
    for technique in stage.techniques:
        technique.apply(model, work)
    model.network.to(device())
    if task.reads == "text":
        train_known_rows(model.core, (row["input_ids"] for row in rows))
    over_time = course(stage.techniques, model)
    optimizer = build_optimizer(model.core, over_time, stage.training)
    companions = [technique.companion(model, work) for technique in stage.techniques]
    validation = prepared.splits.get("validation", pl.DataFrame())
    evaluate = None
    if validation.is_empty():
        _check_without_validation(stage.training)
    else:
        examples, references = task.encode(validation), task.references(validation)

        def evaluate() -> dict[str, float]:
            loss = MeanLoss(task, examples)
            predictions = predict(
                model, task, examples,
                batch_size=stage.evaluation.batch_size, on_output=loss.add,
            )  # fmt: skip
            return {**task.measure(predictions, references, resamples=0).values(), **loss.values()}

    metric = stage.evaluation.best or next(iter(stage.evaluation.target), task.default_metric)
    return Session(
        model, task, rows, optimizer, stage.training, metric, evaluate, over_time,
        [companion for companion in companions if companion],
    )  # fmt: skip


def _check_without_validation(settings: Training) -> None:
    """Refuse what would wait for evaluations that never come."""
    reacting = {
        "training.schedule": settings.schedule.needs_validation,
        "training.grow_batch": settings.grow_batch is not None,
        "training.early_stopping": settings.early_stopping is not None,
    }
    for key, reacts in reacting.items():
        if reacts:
            raise RecipeError(
                "{key} goes by what validation gives, and there are no validation rows.",
                hint="Set data.split.validation to 0.1, or name a source in data.validation.",
                where=key,
                key=key,
            )
