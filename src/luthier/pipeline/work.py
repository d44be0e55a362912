"""What techniques may look at: the training at hand, and the stages before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from luthier.core.errors import RecipeError
from luthier.models.devices import device
from luthier.models.model import Model
from luthier.pipeline.past import LookingBack, Past
from luthier.recipe.schema import Stage, Training
from luthier.tasks.task import Batch, Example, Task, inputs_of
from luthier.techniques.technique import Work


def looking_back(stage: Stage, task: Task, pasts: Sequence[Past]) -> list[LookingBack]:
    """The rows of earlier stages, if a technique of this one asks for them.

    Args:
        stage: This one.
        task: What it learns.
        pasts: The earlier ones; those that are given other input than this one are left out.

    Raises:
        RecipeError: If a technique asks and there are none.
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
    batch_size: int,
    load: Callable[[str | None], Model],
    settings: Training,
    *,
    pasts: Sequence[Past] = (),
    looked_at: Sequence[LookingBack] = (),
) -> Work:
    """What techniques may look at of the training on encoded rows.

    Args:
        task: What is learned.
        examples: The rows.
        batch_size: Of batches as they are made for prediction.
        load: See :class:`Work`.
        settings: How the model is fitted.
        pasts: The stages that the base comes from.
        looked_at: Those of them whose rows a technique asks for.
    """

    def batches(count: int) -> Iterator[Batch]:
        for start in range(0, min(count, len(examples)), batch_size):
            some = examples[start : min(start + batch_size, count)]
            batch = task.collate_to_train(some, (settings.seed, 0, start))
            yield {name: tensor.to(device()) for name, tensor in batch.items()}

    def earlier() -> Iterator[tuple[Model, Work]]:
        for past in pasts:
            if past.stage.task.reads == task.reads:
                yield _as_it_ended(past, batch_size, load, settings)

    return Work(
        batches, task.loss, lambda network, batch: network(**inputs_of(batch)), load, settings,
        earlier=earlier, stages=[one.earlier for one in looked_at],
    )  # fmt: skip


def _as_it_ended(
    past: Past, batch_size: int, load: Callable[[str | None], Model], settings: Training
) -> tuple[Model, Work]:
    """An earlier stage's model and what it was trained on."""
    found = past.reload()
    found.model.network.to(device())
    rows = past.prepared.splits["train"]
    examples = found.task.encode_to_train(rows, past.folder / "tokens")
    return found.model, work_on(found.task, examples, batch_size, load, settings)
