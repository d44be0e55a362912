"""Other models that techniques ask for: the stage's base untouched, and teachers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from transformers import AutoConfig, PreTrainedTokenizerBase

from luthier.core.errors import ModelError
from luthier.evaluation.saved import ABOUT, saved
from luthier.models.bases import NEW, Base
from luthier.models.devices import device
from luthier.models.find import find_base
from luthier.models.images import ImageProcessor
from luthier.models.load import load_model, load_tuned
from luthier.models.model import Model
from luthier.models.processors import Processor, load_processor
from luthier.recipe.load import Loaded
from luthier.runs import Run
from luthier.tasks.task import Task


def loader(
    base: Base, task: Task, processor: Processor, loaded: Loaded, run: Run, *, seed: int
) -> Callable[[str | None], Model]:
    """What loads models for techniques; see :class:`luthier.techniques.technique.Work`.

    Args:
        base: The stage's own.
        task: Whose head.
        processor: The stage's.
        loaded: The recipe, in which others are named.
        run: The run.
        seed: Decides the values of new heads.
    """

    def load(name: str | None) -> Model:
        if name is None:
            model = load_model(base, task.head(), processor, seed=seed)
        else:
            other = find_base(name, loaded.folder, run.path.parent.parent)
            model = load_other(other, task, processor, seed=seed)
        model.network.to(device()).eval()
        task.adjust(model.core)
        return model

    return load


def load_other(base: Base, task: Task, processor: Processor, *, seed: int) -> Model:
    """A base with the task's head, in evaluation mode on the device.

    Args:
        base: One that reads and answers as the stage's own does.
        task: Whose head.
        processor: The stage's.
        seed: Decides the values of a new head.

    Raises:
        ModelError: If it reads other tokens or images, or answers with other labels.
    """
    _check_reads_the_same(base, task, processor)
    _check_answers_the_same(base, task)
    if (base.path / ABOUT).is_file():
        said = saved(base.path)["base"]
        below = Base(said["name"], Path(said["path"]), said["origin"])
        model = load_tuned(base.path, below, task.head(), processor)
    else:
        model = load_model(base, task.head(), processor, seed=seed)
    model.network.to(device()).eval()
    return model


def _check_reads_the_same(base: Base, task: Task, processor: Processor) -> None:
    own, same = load_processor(base, task.reads), False
    if isinstance(own, PreTrainedTokenizerBase) and isinstance(processor, PreTrainedTokenizerBase):
        same = own.get_vocab() == processor.get_vocab()
    elif isinstance(own, ImageProcessor) and isinstance(processor, ImageProcessor):
        same = own.size == processor.size
    if not same:
        raise ModelError(
            "The model '{name}' reads other tokens (or images) than the base that is trained.",
            where=str(base.path),
            hint="Choose one with the same tokenizer or image processor.",
            name=base.name,
        )


def _check_answers_the_same(base: Base, task: Task) -> None:
    wanted = task.head().config.get("id2label")
    if wanted is None or base.origin == NEW:
        return
    config = AutoConfig.from_pretrained(base.path)
    labels = [str(label) for label in wanted.values()]
    theirs = [str(label) for label in config.id2label.values()]
    if len(theirs) == len(labels) and theirs != labels and "LABEL_0" not in theirs:
        raise ModelError(
            "The model '{name}' answers with {theirs}, the task with {labels}.",
            where=str(base.path),
            hint="Both must have the same labels in the same order; rename them with data.labels.",
            name=base.name,
            theirs=", ".join(theirs[:5]),
            labels=", ".join(labels[:5]),
        )
