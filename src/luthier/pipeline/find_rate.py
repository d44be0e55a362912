"""The learning-rate range test of a recipe: nothing of it is kept but the curve."""

from __future__ import annotations

import tempfile
from pathlib import Path

from luthier.core.errors import RecipeError
from luthier.models.model import load_model, load_processor
from luthier.pipeline.batch import settle_batch
from luthier.pipeline.listener import Listener
from luthier.pipeline.rows import base_of_stage, prepared_rows
from luthier.pipeline.session import session_for, work_on
from luthier.recipe.load import Loaded
from luthier.recipe.schema import Stage
from luthier.tasks.task import TaskConfig
from luthier.train.range_test import RangeTest, Rising, range_test

LOW, HIGH, STEPS = 1e-6, 1.0, 100


def find_rate(
    loaded: Loaded,
    runs_dir: Path,
    *,
    low: float = LOW,
    high: float = HIGH,
    steps: int = STEPS,
    listener: Listener | None = None,
) -> RangeTest:
    """Train the first stage of a recipe on a copy of its base while the rate rises.

    Args:
        loaded: The recipe.
        runs_dir: Where runs are that the base may be of.
        low: The first rate.
        high: The last rate, unless the loss explodes before.
        steps: Optimizer steps; the recipe's batches, techniques and optimizer.
        listener: Told what begins.

    Raises:
        RecipeError: If the rates do not rise.
    """
    if low >= high:
        raise RecipeError(
            "The rates have to rise: {low} is not below {high}.", low=f"{low:g}", high=f"{high:g}"
        )
    told = listener or Listener()
    stage = _rising(loaded.recipe.stages[0], low, high, steps)
    config: TaskConfig = stage.task
    with tempfile.TemporaryDirectory() as folder:
        told.on_phase(stage.name, "prepare")
        prepared = prepared_rows(
            stage, config, loaded, Path(folder) / "data",
            lambda: base_of_stage(stage, loaded, runs_dir),
        )  # fmt: skip
        told.on_phase(stage.name, "load")
        base = base_of_stage(stage, loaded, runs_dir)
        processor = load_processor(base, config.reads)
        train = prepared.splits["train"]
        task = config.build(config.learn(train), processor)
        examples = task.encode(train)
        settings = stage.training
        model = load_model(
            base, task.head(), processor, seed=settings.seed, dropout=settings.dropout
        )
        work = work_on(task, examples, stage.evaluation.batch_size)
        session = session_for(stage, task, model, prepared, examples, work)
        settle_batch(session, Path(folder) / "batch.json")
        session.evaluate = None
        told.on_phase(stage.name, "rates")
        return range_test(session)


def _rising(stage: Stage, low: float, high: float, steps: int) -> Stage:
    """The stage, with a rate that rises and nothing that reacts."""
    training = stage.training.model_copy(
        update={
            "schedule": Rising(start=low / high), "learning_rate": high, "max_steps": steps,
            "grow_batch": None, "early_stopping": None,
        }
    )  # fmt: skip
    return stage.model_copy(update={"training": training})
