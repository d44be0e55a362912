"""Stages that are done, as later ones look back on them: of this run, and of those before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import nn

from luthier.core.files import read_json
from luthier.data.batch import micro_batches
from luthier.data.prepared import Prepared
from luthier.evaluation.predictor import Predictor
from luthier.evaluation.saved import ABOUT, saved
from luthier.models.bases import Base
from luthier.models.devices import (
    autocast,
    choose_precision,
    device,
    seed_everything,
    token_budget,
)
from luthier.models.graft import called_beside, under_head
from luthier.models.model import Model
from luthier.pipeline.rows import set_folder, together
from luthier.recipe.load import load_recipe
from luthier.recipe.schema import Stage, Training
from luthier.runs import Run
from luthier.tasks.task import Batch, Task, inputs_of
from luthier.techniques.technique import Earlier

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Past:
    """A stage that is done."""

    key: str
    """Which one of all runs: name and number of its run, and its own name."""
    name: str
    """For people: its own name, behind that of its run where that is another."""
    stage: Stage
    folder: Path
    """Of the stage, with its rows and what it measured."""
    model: Path

    @cached_property
    def prepared(self) -> Prepared:
        """The rows that it was trained and measured on."""
        names = ("", *self.stage.task.others())
        folder = self.folder / "data"
        return together({name: Prepared.load(set_folder(folder, name)) for name in names})

    def measured(self) -> dict[str, Any]:
        """What it measured when it was done."""
        found: dict[str, Any] = read_json(self.folder / "measured.json")
        return found

    def reload(self) -> Predictor:
        """Its model and task, loaded anew."""
        return Predictor.load(self.model)


def past_of(base: Base, run: Run) -> list[Past]:
    """The stages that a base comes from, the first one first, as far as they are still there.

    Args:
        base: The base.
        run: The run that is under way, whose stages go by their names alone.
    """
    found: list[Past] = []
    model = base.path
    while (model / ABOUT).is_file() and (past := _past(model, run)):
        found.insert(0, past)
        model = Path(saved(model)["base"]["path"])
    return found


def _past(model: Path, current: Run) -> Past | None:
    """The stage that left a model; None if its run is not around it."""
    inside = model.parent.parent.name == "stages"
    run = Run(model.parents[2] if inside else model.parent)
    if not (run.path / "resolved.yaml").is_file():
        return None
    stages = load_recipe(run.path / "resolved.yaml").recipe.stages
    index = int(model.parent.name.partition("-")[0]) if inside else len(stages) - 1
    stage = stages[index]
    folder = run.stage(index, stage.name)
    if not (folder / "data").is_dir() or not (folder / "measured.json").is_file():
        return None
    own = run.path.resolve() == current.path.resolve()
    name = stage.name if own else f"{run.name}/{stage.name}"
    return Past(key_of(run, stage), name, stage, folder, model)


def key_of(run: Run, stage: Stage) -> str:
    """What a stage goes by among those of all runs."""
    return f"{run.name}/{run.path.name}/{stage.name}"


def alike(one: Task, other: Task) -> bool:
    """Whether two tasks are of one kind with the same classes, so that one head serves both."""
    same = type(one) is type(other) and tuple(one.needs) == tuple(other.needs)
    return same and one.head() == other.head()


class LookingBack:
    """An earlier stage's training rows, for techniques in the training of a later one.

    Args:
        past: The earlier stage.
        task: The later one's.
        settings: How the later one is trained.
    """

    def __init__(self, past: Past, task: Task, settings: Training) -> None:
        own = past.reload()
        same = alike(task, own.task)
        self.task = task if same else own.task
        rows = past.prepared.splits["train"]
        self.examples = self.task.encode_to_train(rows, past.folder / "tokens")
        self.earlier = Earlier(past.name, len(self.examples), self.losses)
        self._lengths = self.task.sizes(self.examples)
        self._settings = settings
        self._head = None if same else own.model
        self._grafted: Model | None = None
        for module in own.model.network.modules() if settings.dropout is not None else ():
            if isinstance(module, nn.Dropout):
                module.p = settings.dropout or 0.0

    def losses(
        self, model: Model, rows: Sequence[int], seeds: Sequence[int]
    ) -> Iterator[tuple[Tensor, int]]:
        """See :class:`luthier.techniques.technique.Earlier`."""
        place = device()
        called = self._under_head(model)
        precision = choose_precision(self._settings.precision, place)
        for index, (count, batch) in enumerate(self._batches(rows, seeds)):
            seed_everything(*seeds, index)
            moved = {name: tensor.to(place) for name, tensor in batch.items()}
            with called_beside(model, called), autocast(precision, place):
                output = called.network(**inputs_of(moved))
            total, weight = self.task.loss(output, moved)
            if weight:
                yield total / weight, count

    def _under_head(self, model: Model) -> Model:
        """The stage's head on the model's body, put together when first asked."""
        if self._head is None:
            return model
        if self._grafted is None:
            self._grafted = under_head(model, self._head)
            self._grafted.network.to(device())
            self.task.adjust(self._grafted.core)
        return self._grafted

    def _batches(self, rows: Sequence[int], seeds: Sequence[int]) -> Iterator[tuple[int, Batch]]:
        """Micro-batches within the token budget, each with its number of examples."""
        chosen = np.asarray(rows, dtype=np.int64)
        limit = token_budget(self._settings.max_tokens, device())
        shared = self.task.of_step([self.examples[row] for row in chosen])
        parts = micro_batches(chosen, self._lengths, parts=1, max_tokens=limit)
        for index, part in enumerate(parts):
            examples = [self.examples[row] for row in part]
            batch = self.task.collate_to_train(examples, (*seeds, index))
            yield len(part), {**batch, **shared}
