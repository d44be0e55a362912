"""A tuned model at work, from its run alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from luthier.core.errors import DataError, RunError
from luthier.core.files import read_json, write_json
from luthier.data.operator import Operator
from luthier.data.roles import GIVEN, Role
from luthier.data.rows import clean_texts
from luthier.data.steps import steps_for
from luthier.evaluation.predict import predict
from luthier.models.bases import Base
from luthier.models.model import Model, load_processor, load_tuned
from luthier.recipe.registries import PREPARATION, TASKS
from luthier.recipe.schema import Data
from luthier.tasks.task import Facts, Task, TaskConfig

ABOUT = "luthier.json"
"""File beside the weights that says what the model's task is."""


class Predictor:
    """A tuned model with its task.

    Args:
        model: The network and processor.
        task: The task it was tuned for.
        asked: What must be given of a row, and how that is called in tables.
        steps: The preparation that the training rows went through; None: the default one.
    """

    def __init__(
        self,
        model: Model,
        task: Task,
        asked: Sequence[Role],
        steps: Sequence[Operator] | None = None,
    ) -> None:
        self.model = model
        self.task = task
        self.asked = tuple(asked)
        self.steps = steps

    @classmethod
    def load(cls, folder: Path) -> Predictor:
        """The predictor of a saved model.

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
        facts = read_json(about)
        config = TASKS.parse(facts["task"])
        assert isinstance(config, TaskConfig)
        processor = load_processor(Base(folder.name, folder, "run"), config.reads)
        task = config.build(facts["facts"], processor)
        base = facts["base"]
        model = load_tuned(
            folder, Base(base["name"], Path(base["path"]), base["origin"]), task.head(), processor
        )
        columns = facts["columns"]
        asked = [
            replace(role, synonyms=(columns[role.name], *role.synonyms), beside=())
            if role.name in columns else role
            for role in config.roles()
            if role.kind in GIVEN and (role.required or role.name in task.needs)
        ]  # fmt: skip
        parsed = (PREPARATION.parse(step) for step in facts["prepare"])
        steps = [step for step in parsed if isinstance(step, Operator)]
        return cls(model, task, asked, steps)

    def predict(
        self,
        given: Sequence[str | Mapping[str, Any]],
        *,
        batch_size: int = 64,
        clean: bool = False,
    ) -> list[dict[str, Any]]:
        """One answer per row, in order: for classes ``label`` and ``probability``.

        Args:
            given: Rows in any number: what each says, or a value for every role that is asked.
            batch_size: Rows per batch; speed only.
            clean: Clean the texts first, as the training rows were (HTML, white space).
                Without it texts are taken as they are, as transformers' pipeline does.

        Raises:
            DataError: If a row lacks what the task asks.
        """
        if not given:
            return []
        rows = [self._row(number, one) for number, one in enumerate(given)]
        table = pl.DataFrame({name: [row[name] for row in rows] for name in rows[0]}, strict=False)
        for role in self.asked if clean else ():
            if role.kind == "text":
                said = clean_texts(table[role.name].to_list(), self.steps)
                table = table.with_columns(pl.Series(role.name, said, dtype=pl.String))
        examples = self.task.encode(table)
        predictions = predict(self.model, self.task, examples, batch_size=batch_size)
        return self.task.answers(predictions, table)

    def _row(self, number: int, one: str | Mapping[str, Any]) -> Mapping[str, Any]:
        """A row with all that the task asks."""
        row = self.task.read(one) if isinstance(one, str) else one
        for role in self.asked:
            if row.get(role.name) is None:
                raise DataError(
                    "The model asks {asked}, and row {row} has no {role}.",
                    hint="Give it as --field {role}=..., or in a file with --input.",
                    asked=", ".join(role.name for role in self.asked),
                    row=number,
                    role=role.name,
                )
        return row


def facts_of(folder: Path) -> Facts:
    """What the task of a saved model learned, of training and of validation rows."""
    facts: Facts = read_json(folder / ABOUT)["facts"]
    return facts


def describe_model(folder: Path, config: TaskConfig, facts: Facts, base: Base, data: Data) -> None:
    """Write what :meth:`Predictor.load` needs to know beside the weights."""
    write_json(
        folder / ABOUT,
        {
            "task": config.model_dump(mode="json"),
            "facts": dict(facts),
            "base": {"name": base.name, "path": str(base.path), "origin": base.origin},
            "prepare": [step.model_dump(mode="json") for step in steps_for(data)],
            "columns": data.columns,
        },
    )
