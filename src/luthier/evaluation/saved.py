"""What is written beside a model's weights, so that it is used as it was tuned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from luthier.core.errors import RunError
from luthier.core.files import read_json, write_json
from luthier.core.names import nearest
from luthier.data.steps import steps_for
from luthier.models.bases import Base
from luthier.recipe.schema import Data
from luthier.tasks.task import Facts, TaskConfig

ABOUT = "luthier.json"
"""File beside the weights that says what the model's task is."""

Said = dict[str, Any]
"""Its content: ``task``, ``facts``, ``base``, ``lineage``, ``prepare``, ``columns``, and under
``others`` the last two for tasks with rows of their own."""


def saved(folder: Path) -> Said:
    """What is written beside the weights.

    Raises:
        RunError: If the folder is not a model that luthier saved.
    """
    about = folder / ABOUT
    if not about.is_file():
        raise RunError(
            "The folder holds no model tuned by luthier.",
            where=str(folder),
            hint="Give a run directory, or its folder model.",
        )
    found: Said = read_json(about)
    return found


def saved_alone(said: Mapping[str, Any], task: str, where: str) -> Said:
    """What would be written for one of several tasks, had it a model to itself.

    Raises:
        RunError: If there is no such task.
    """
    tasks = said["task"].get("tasks", {})
    if task not in tasks:
        near = nearest(task, tasks)
        raise RunError(
            "The model has no task '{task}'." if tasks else "The model has one task alone.",
            where=where,
            hint="Did you mean '{near}'?" if near else "There are: {known}.",
            task=task,
            near=near,
            known=", ".join(tasks) or said["task"]["kind"],
        )
    own = said["others"].get(task, {})
    facts = said["facts"]["tasks"][task]
    return {**said, **own, "task": tasks[task], "facts": facts, "others": {}}


def facts_of(folder: Path) -> Facts:
    """What the task of a saved model learned, of training and of validation rows."""
    facts: Facts = saved(folder)["facts"]
    return facts


def describe_model(
    folder: Path,
    config: TaskConfig,
    facts: Facts,
    base: Base,
    data: Data,
    lineage: Sequence[Mapping[str, Any]],
    family: str,
) -> None:
    """Write it.

    Args:
        folder: Of the model.
        config: What the recipe says of its task.
        facts: What the task learned.
        base: What training started from.
        data: How the rows were prepared.
        lineage: The stages behind the model; see :mod:`luthier.evaluation.lineage`.
        family: Kind of the rows, which decides the usual steps.
    """
    others = {name: _of(rows.data) for name, rows in config.others().items()}
    write_described(
        folder,
        {
            "task": config.model_dump(mode="json"),
            "facts": dict(facts),
            "base": {"name": base.name, "path": str(base.path), "origin": base.origin},
            "lineage": list(lineage),
            **_of(data, family),
            "others": others,
        },
    )


def write_described(folder: Path, said: Mapping[str, Any]) -> None:
    """Write what another model's file says, or a part of it."""
    write_json(folder / ABOUT, dict(said))


def _of(data: Data, family: str = "classify") -> dict[str, Any]:
    steps = [step.model_dump(mode="json") for step in steps_for(data, family)]
    return {"prepare": steps, "columns": data.columns}
