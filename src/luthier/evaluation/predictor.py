"""A tuned model at work, from its run alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from luthier.core.errors import RunError
from luthier.core.files import read_json, write_json
from luthier.data.operator import Operator
from luthier.data.roles import Role
from luthier.data.rows import clean_texts
from luthier.data.steps import steps_for
from luthier.evaluation.predict import predict
from luthier.models.bases import Base
from luthier.models.model import Model, load_tokenizer, load_tuned
from luthier.recipe.registries import PREPARATION, TASKS
from luthier.recipe.schema import Data
from luthier.tasks.task import Facts, Task, TaskConfig

ABOUT = "luthier.json"
"""File beside the weights that says what the model's task is."""


class Predictor:
    """A tuned model with its task.

    Args:
        model: The network and tokenizer.
        task: The task it was tuned for.
        text_role: How the text is called in tables.
        steps: The preparation that the training rows went through; None: the default one.
    """

    def __init__(
        self, model: Model, task: Task, text_role: Role, steps: Sequence[Operator] | None = None
    ) -> None:
        self.model = model
        self.task = task
        self.text_role = text_role
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
        tokenizer = load_tokenizer(Base(folder.name, folder, "run"))
        task = config.build(facts["facts"], tokenizer)
        base = facts["base"]
        model = load_tuned(
            folder, Base(base["name"], Path(base["path"]), base["origin"]), task.head(), tokenizer
        )
        text_role = next(role for role in config.roles() if role.kind == "text")
        if text_role.name in facts["columns"]:
            names = (facts["columns"][text_role.name], *text_role.synonyms)
            text_role = replace(text_role, synonyms=names)
        parsed = (PREPARATION.parse(step) for step in facts["prepare"])
        steps = [step for step in parsed if isinstance(step, Operator)]
        return cls(model, task, text_role, steps)

    def predict(
        self, texts: Sequence[str], *, batch_size: int = 64, clean: bool = False
    ) -> list[dict[str, Any]]:
        """One answer per text, in order: for classes ``label`` and ``probability``.

        Args:
            texts: In any number.
            batch_size: Rows per batch; speed only.
            clean: Clean the texts first, as the training rows were (HTML, white space).
                Without it texts are taken as they are, as transformers' pipeline does.
        """
        if not texts:
            return []
        taken = clean_texts(texts, self.steps) if clean else list(texts)
        rows = pl.DataFrame({"text": taken}, schema={"text": pl.String})
        examples = self.task.encode(rows)
        predictions = predict(self.model, self.task, examples, batch_size=batch_size)
        return self.task.answers(predictions)


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
