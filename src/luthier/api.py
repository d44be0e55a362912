"""The Python surface: tune, load, evaluate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from luthier import pipeline
from luthier.evaluation.export import export_model
from luthier.evaluation.predictor import Predictor
from luthier.recipe.load import load_recipe
from luthier.runs import Run, find_run

RUNS = Path("runs")


def tune(
    recipe: str | Path | dict[str, Any],
    overrides: Sequence[str] = (),
    *,
    runs_dir: str | Path = RUNS,
    resume: bool = False,
) -> Run:
    """Carry out a recipe: a file, a shipped recipe's name, or a mapping.

    Args:
        recipe: The recipe.
        overrides: ``key.path=value`` each.
        runs_dir: Where runs go.
        resume: Go on with the newest unfinished run of the same recipe.

    Returns:
        The finished run: ``run.verdict()``, ``run.model``, ``run.path``.
    """
    return pipeline.tune(load_recipe(recipe, list(overrides)), Path(runs_dir), resume=resume)


def load(
    run: str | Path | Run, *, task: str | None = None, runs_dir: str | Path = RUNS
) -> Predictor:
    """The tuned model of a run (or a model folder), ready to ``predict(texts)``.

    Args:
        run: The run.
        task: Of a model of several tasks the one it is to answer for, alone.
        runs_dir: Where runs are.
    """
    return Predictor.load(_model_folder(run, Path(runs_dir)), task)


def export(
    run: str | Path | Run,
    folder: str | Path,
    *,
    task: str | None = None,
    runs_dir: str | Path = RUNS,
) -> Path:
    """Write a tuned model as a folder that transformers, and luthier, load.

    Args:
        run: The run.
        folder: Where to; it must not hold anything yet.
        task: Of a model of several tasks the one to write, as a plain model of that task.
        runs_dir: Where runs are.

    Returns:
        The folder.
    """
    return export_model(_model_folder(run, Path(runs_dir)), Path(folder), task)


def evaluate(
    run: str | Path | Run,
    data: str | None = None,
    *,
    task: str | None = None,
    runs_dir: str | Path = RUNS,
    batch_size: int | None = None,
) -> dict[str, Any]:
    """Measure a run's model on its own test rows, or on other labelled rows.

    Args:
        run: The run.
        data: Rows to measure on; default: its own test rows.
        task: Of a model of several tasks the one to measure, alone.
        runs_dir: Where runs are.
        batch_size: Rows per batch; default: as in the recipe.

    Returns:
        ``run``, ``metrics`` (name -> value, low, high), ``per_class``, ``confusion``,
        ``rows``, ``notes``, ``seconds``, ``verdict``.
    """
    found = run if isinstance(run, Run) else find_run(run, Path(runs_dir))
    return pipeline.evaluate(found, data, task=task, batch_size=batch_size)


def _model_folder(run: str | Path | Run, runs_dir: Path) -> Path:
    if isinstance(run, Run):
        return run.model
    if (Path(run) / "config.json").is_file():
        return Path(run)
    found = find_run(run, runs_dir)
    found.verdict()
    return found.model
