"""A finished run measured again, on its test rows or on others."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from luthier.data.prepared import Prepared
from luthier.data.rows import read_rows
from luthier.data.steps import steps_for
from luthier.evaluation.evaluate import measure_rows
from luthier.evaluation.predictor import Predictor
from luthier.evaluation.publish import judge_rows
from luthier.pipeline.rows import set_folder, together
from luthier.recipe.load import load_recipe
from luthier.runs import Run
from luthier.tasks.task import TaskConfig


def evaluate(
    run: Run, data: str | None, *, task: str | None = None, batch_size: int | None = None
) -> dict[str, Any]:
    """Measure a finished run's model on its test rows or on other labelled rows.

    Args:
        run: The run.
        data: The other rows.
        task: Of a model of several tasks the one to measure, alone.
        batch_size: Rows per batch; default: as in the recipe.
    """
    started = time.perf_counter()
    run.verdict()
    loaded = load_recipe(run.path / "resolved.yaml")
    index, stage = len(loaded.recipe.stages) - 1, loaded.recipe.stages[-1]
    settings = stage.evaluation
    if batch_size:
        settings = settings.model_copy(update={"batch_size": batch_size})
    predictor = Predictor.load(run.model, task)
    notes: list[str] = []
    config: TaskConfig = stage.task
    folder = run.stage(index, stage.name) / "data"
    names = ("", *config.others())
    prepared = together({name: Prepared.load(set_folder(folder, name)) for name in names})
    rows = prepared.splits["test"]
    if task is not None:
        config, rows = config.alone(task, rows)
        settings = settings.model_copy(update={"target": _own_target(settings.target, task)})
        stage = stage.model_copy(update={"evaluation": settings})
    if data is not None:
        rows, notes = read_rows(
            data, config.roles(), stage.data.columns, stage.data.labels, base_dir=Path.cwd(),
            steps=steps_for(stage.data, prepared.card["family"]), classes=predictor.task.classes,
            fitted=prepared.card["fitted"],
        )  # fmt: skip
        rows, unknown = predictor.task.answerable(rows)
        notes += unknown
    measures, _ = measure_rows(predictor.model, predictor.task, rows, settings)
    verdict = judge_rows(predictor.task, measures, rows, stage)
    return {
        "run": str(run.path),
        "rows": measures.n,
        **{key: measures.to_json()[key] for key in ("metrics", "per_class", "confusion")},
        "notes": notes,
        "seconds": round(time.perf_counter() - started, 2),
        "verdict": verdict.to_json(),
    }


def _own_target(target: Mapping[str, float], task: str) -> dict[str, float]:
    """The part of a target that one of several tasks must reach."""
    named = ((metric.rpartition("/"), value) for metric, value in target.items())
    return {metric: value for (name, _, metric), value in named if name == task}
