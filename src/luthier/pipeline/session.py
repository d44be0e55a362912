"""A stage made ready to train: techniques applied, optimizer built, validation at hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from luthier.data.prepared import Prepared
from luthier.evaluation.predict import predict
from luthier.models.devices import device
from luthier.models.model import Model
from luthier.models.vocabulary import train_known_rows
from luthier.recipe.schema import Stage
from luthier.tasks.task import Batch, Example, Task
from luthier.techniques.technique import Work, course
from luthier.train.loop import Session
from luthier.train.optimizer import build_optimizer


def work_on(task: Task, examples: Sequence[Example], batch_size: int) -> Work:
    """What techniques may look at of the training on encoded rows."""

    def batches(count: int) -> Iterator[Batch]:
        for start in range(0, min(count, len(examples)), batch_size):
            part = examples[start : min(start + batch_size, count)]
            yield task.collate_to_train(part, (start,))

    return Work(batches, task.loss)


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
    if task.reads == "text" and not task.whole_vocabulary:
        train_known_rows(model.core, (task.given(row) for row in rows))
    over_time = course(stage.techniques, model)
    optimizer = build_optimizer(model.core, over_time, stage.training)
    companions = [technique.companion(model, work) for technique in stage.techniques]
    validation = prepared.splits.get("validation", pl.DataFrame())
    usual = task.picked_by or next(iter(stage.evaluation.target), task.default_metric)
    metric = stage.evaluation.best or usual
    evaluate = None
    if not validation.is_empty():
        watched, validation = task.watched(validation, metric)
        examples, references = watched.encode(validation), watched.references(validation)

        def evaluate() -> dict[str, float]:
            predictions = predict(model, watched, examples, batch_size=stage.evaluation.batch_size)
            return watched.measure(predictions, references, resamples=0).values()

    return Session(
        model, task, rows, optimizer, stage.training, metric, evaluate, over_time,
        [companion for companion in companions if companion],
    )  # fmt: skip
