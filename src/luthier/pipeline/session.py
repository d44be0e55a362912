"""A stage made ready to train: techniques applied, optimizer built, validation at hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

import polars as pl

from luthier.core.errors import RecipeError
from luthier.data.prepared import Prepared
from luthier.evaluation.predict import predict
from luthier.models.devices import device
from luthier.models.model import Model
from luthier.models.vocabulary import train_known_rows
from luthier.pipeline.past import LookingBack, Past
from luthier.recipe.schema import Stage, Training
from luthier.tasks.task import Batch, Example, Task
from luthier.techniques.technique import Work, course
from luthier.train.loop import Session
from luthier.train.optimizer import build_optimizer


def looking_back(stage: Stage, task: Task, pasts: Sequence[Past]) -> list[LookingBack]:
    """The rows of earlier stages, if a technique of this one asks for them.

    Raises:
        RecipeError: If it does and there are none.
    """
    asking = [technique for technique in stage.techniques if technique.looks_back]
    if not asking:
        return []
    found = [past for past in pasts if past.stage.task.reads == task.reads]
    if not found:
        raise RecipeError(
            "The technique {kind} looks back on earlier stages, and stage {stage} has none.",
            hint="Give it to a later stage, or to one whose base is run:NAME.",
            kind=asking[0].kind,
            stage=stage.name,
        )
    return [LookingBack(past, task, stage.training) for past in found]


def work_on(
    task: Task,
    examples: Sequence[Example],
    settings: Training,
    earlier: Sequence[LookingBack] = (),
) -> Work:
    """What techniques may look at of the training on encoded rows."""
    batch_size = settings.batch_size

    def batches(count: int) -> Iterator[Batch]:
        for start in range(0, min(count, len(examples)), batch_size):
            yield task.collate(examples[start : min(start + batch_size, count)])

    return Work(batches, task.loss, settings, stages=[past.earlier for past in earlier])


def session_for(
    stage: Stage,
    task: Task,
    model: Model,
    prepared: Prepared,
    rows: Sequence[Example],
    work: Work,
    earlier: Sequence[LookingBack] = (),
) -> Session:
    """The model with its techniques applied and its optimizer, ready to train on encoded rows."""
    for technique in stage.techniques:
        technique.check(model)
    for technique in stage.techniques:
        technique.apply(model, work)
    model.network.to(device())
    if task.reads == "text":
        every = chain(rows, *(past.examples for past in earlier))
        train_known_rows(model.core, (row["input_ids"] for row in every))
    over_time = course(stage.techniques, model)
    optimizer = build_optimizer(model.core, over_time, stage.training)
    companions = [technique.companion(model, work) for technique in stage.techniques]
    validation = prepared.splits.get("validation", pl.DataFrame())
    evaluate = None
    if not validation.is_empty():
        examples, references = task.encode(validation), task.references(validation)

        def evaluate() -> dict[str, float]:
            predictions = predict(model, task, examples, batch_size=stage.evaluation.batch_size)
            return task.measure(predictions, references, resamples=0).values()

    metric = stage.evaluation.best or next(iter(stage.evaluation.target), task.default_metric)
    return Session(
        model, task, rows, optimizer, stage.training, metric, evaluate, over_time,
        [companion for companion in companions if companion],
    )  # fmt: skip
