"""A stage made ready to train: techniques applied, optimizer built, validation at hand."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import polars as pl

from luthier.core.errors import RecipeError
from luthier.data.prepared import Prepared
from luthier.models.devices import device
from luthier.models.model import Model
from luthier.models.vocabulary import train_known_rows
from luthier.pipeline.frozen import Rows, keep_frozen
from luthier.pipeline.past import LookingBack
from luthier.pipeline.validation import Validation
from luthier.recipe.schema import Stage, Training
from luthier.tasks.task import Example, Task
from luthier.techniques.companion import Companion
from luthier.techniques.technique import Work, course
from luthier.train.loop import Session
from luthier.train.optimizer import build_optimizer


def session_for(
    stage: Stage,
    task: Task,
    model: Model,
    prepared: Prepared,
    rows: Sequence[Example],
    work: Work,
    folder: Path,
    earlier: Sequence[LookingBack] = (),
) -> Session:
    """The model with its techniques applied and its optimizer, ready to train on encoded rows.

    Args:
        stage: What the recipe says.
        task: What is learned.
        model: Its network, on the base.
        prepared: The stage's rows.
        rows: Its training rows, encoded.
        work: What techniques may look at.
        folder: Of the stage's checkpoints.
        earlier: Earlier stages whose rows are trained on too.
    """
    for technique in stage.techniques:
        technique.check(model)
    for technique in stage.techniques:
        technique.apply(model, work)
    model.network.to(device())
    learned = [(task, rows), *((past.task, past.examples) for past in earlier)]
    if task.reads == "text" and not any(one.whole_vocabulary for one, _ in learned):
        every = chain.from_iterable(map(one.given, read) for one, read in learned)
        train_known_rows(model.core, every)
    over_time = course(stage.techniques, model)
    optimizer = build_optimizer(model.core, over_time, stage.training)
    companions = _companions(stage, task, model, work)
    usual = task.picked_by or next(iter(stage.evaluation.target), task.default_metric)
    metric = stage.evaluation.best or usual
    validation, measured = None, list[Rows]()
    if prepared.splits.get("validation", pl.DataFrame()).is_empty():
        _check_without_validation(stage.training)
    else:
        watched = task.watched(prepared.splits["validation"], metric)
        validation = Validation(model, *watched, batch_size=stage.evaluation.batch_size)
        measured.append((watched[0], validation.examples))
    session = Session(
        model, task, rows, optimizer, stage.training, metric, validation, over_time, companions
    )
    keep_frozen(session, measured, folder)
    return session


def _companions(stage: Stage, task: Task, model: Model, work: Work) -> list[Companion]:
    """What goes along with training.

    Raises:
        RecipeError: If one joins every pass, and the task takes gradients of parts of the loss.
    """
    found = []
    for technique in stage.techniques:
        companion = technique.companion(model, work)
        if companion and companion.joins_each_pass and task.apart:
            raise RecipeError(
                "The technique {kind} changes the loss as a whole, and here the gradient of each "
                "task is taken by itself.",
                hint="Leave it out, or set task.conflicts: ignore and another task.balance than "
                "gradnorm.",
                where="techniques",
                kind=technique.kind,
            )
        if companion:
            found.append(companion)
    return found


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
