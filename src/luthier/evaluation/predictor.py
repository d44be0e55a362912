"""A tuned model at work, from its run alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from luthier.core.errors import DataError
from luthier.data.operator import Operator
from luthier.data.roles import Role
from luthier.data.rows import clean_texts
from luthier.evaluation.predict import predict
from luthier.evaluation.saved import saved, saved_alone
from luthier.models.bases import Base
from luthier.models.heads.several import alone
from luthier.models.load import load_tuned
from luthier.models.model import Model
from luthier.models.processors import load_processor
from luthier.recipe.registries import PREPARATION, TASKS
from luthier.tasks.task import Task, TaskConfig


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
    def load(cls, folder: Path, task: str | None = None) -> Predictor:
        """The predictor of a saved model.

        Args:
            folder: As :func:`describe_model` and ``save_model`` wrote it.
            task: Of a model of several tasks the one it is to answer for, alone.

        Raises:
            RunError: If the folder is not a model that luthier saved, or has no such task.
        """
        said = saved(folder)
        config = _config(said)
        processor = load_processor(Base(folder.name, folder, "run"), config.reads)
        built = config.build(said["facts"], processor)
        base = Base(said["base"]["name"], Path(said["base"]["path"]), said["base"]["origin"])
        model = load_tuned(folder, base, built.head(), processor)
        if task is not None:
            said = saved_alone(said, task, str(folder))
            config = _config(said)
            built = config.build(said["facts"], processor)
            model = alone(model, task, built.head())
        columns = said["columns"]
        asked = [
            replace(role, synonyms=(columns[role.name], *role.synonyms), beside=())
            if role.name in columns else role
            for role in config.roles()
            if role.given and (role.required or role.name in built.needs)
        ]  # fmt: skip
        parsed = (PREPARATION.parse(step) for step in said["prepare"])
        steps = [step for step in parsed if isinstance(step, Operator)]
        return cls(model, built, asked, steps)

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
        kinds = [isinstance(one, str) for one in given]
        if len(set(kinds)) > 1:
            return self._mixed(given, kinds, batch_size, clean)
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

    def _mixed(
        self, given: Sequence[str | Mapping[str, Any]], kinds: list[bool], size: int, clean: bool
    ) -> list[dict[str, Any]]:
        """Answers to texts and rows: what is read of the two, such as words, makes no one table."""
        told = {}
        for kind in (True, False):
            some = [one for one, text in zip(given, kinds, strict=True) if text is kind]
            told[kind] = iter(self.predict(some, batch_size=size, clean=clean))
        return [next(told[kind]) for kind in kinds]

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


def _config(said: Mapping[str, Any]) -> TaskConfig:
    config = TASKS.parse(said["task"])
    assert isinstance(config, TaskConfig)
    return config
