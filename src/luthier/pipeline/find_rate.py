"""The learning-rate range test of a recipe: nothing of it is kept but the curve."""

from __future__ import annotations

import tempfile
from pathlib import Path

from luthier.core.errors import RecipeError
from luthier.models.bases import Base
from luthier.models.load import load_model
from luthier.models.processors import load_processor
from luthier.pipeline.batch import settle_batch
from luthier.pipeline.listener import Listener
from luthier.pipeline.loading import loader
from luthier.pipeline.past import past_of
from luthier.pipeline.rows import base_of_stage, prepared_rows
from luthier.pipeline.session import session_for
from luthier.pipeline.work import looking_back, work_on
from luthier.recipe.load import Loaded
from luthier.recipe.schema import Stage
from luthier.runs import Run
from luthier.tasks.task import TaskConfig
from luthier.train.loop import Session
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
    # It has a run's place, so that names of runs are found, but nothing is written there.
    run = Run(runs_dir / loaded.recipe.name / "rates")
    with tempfile.TemporaryDirectory() as folder:
        session = _opened(stage, loaded, run, Path(folder), told)
        told.on_phase(stage.name, "rates")
        return range_test(session)


def _opened(stage: Stage, loaded: Loaded, run: Run, folder: Path, told: Listener) -> Session:
    """The stage ready to train, as a run would have it."""
    config: TaskConfig = stage.task
    settings = stage.training

    def base_of() -> Base:
        return base_of_stage(stage, loaded, run.path.parent.parent, folder)

    told.on_phase(stage.name, "prepare")
    prepared = prepared_rows(stage, config, loaded, folder / "data", base_of)
    told.on_phase(stage.name, "load")
    base = base_of()
    processor = load_processor(base, config.reads)
    task = config.build(config.learn(prepared.splits["train"]), processor)
    examples = task.encode_to_train(prepared.splits["train"], folder / "tokens")
    model = load_model(base, task.head(), processor, seed=settings.seed, dropout=settings.dropout)
    pasts = past_of(base, run)
    earlier = looking_back(stage, task, pasts)
    work = work_on(
        task, examples, stage.evaluation.batch_size,
        loader(base, task, processor, loaded, run, seed=settings.seed), settings,
        pasts=pasts, looked_at=earlier,
    )  # fmt: skip
    session = session_for(
        stage, task, model, prepared, examples, work, folder / "checkpoints", earlier
    )
    settle_batch(session, folder / "batch.json")
    session.evaluate = None
    return session


def _rising(stage: Stage, low: float, high: float, steps: int) -> Stage:
    """The stage, with a rate that rises and nothing that reacts."""
    training = stage.training.model_copy(
        update={
            "schedule": Rising(start=low / high), "learning_rate": high, "max_steps": steps,
            "grow_batch": None, "early_stopping": None, "reuse_frozen": False,
            "max_minutes": None, "max_training_tokens": None,
        }
    )  # fmt: skip
    return stage.model_copy(update={"training": training})
