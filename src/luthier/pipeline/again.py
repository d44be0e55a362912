"""The tests of earlier stages, opened again once a later stage is trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from luthier.evaluation.evaluate import measure_rows
from luthier.metrics import forgetting
from luthier.models.graft import has_prompt, under_head
from luthier.models.model import Model
from luthier.pipeline.past import Past, alike
from luthier.recipe.schema import Stage
from luthier.tasks.task import Task

Cell = dict[str, Any]
"""``how``: by ``itself`` or under the earlier stage's ``head``, or why not: ``prompt``, ``reads``;
``metric`` that speaks for the stage, and ``metrics``: name to value, low and high."""


def measure_again(pasts: Sequence[Past], model: Model, task: Task) -> dict[str, Cell]:
    """What a trained model is worth on the tests of the stages that it comes from.

    Args:
        pasts: The stages.
        model: Just measured on the rows of its own task.
        task: Its own.

    Returns:
        A cell for each stage's key.
    """
    return {past.key: _measured(past, model, task) for past in pasts}


def _measured(past: Past, model: Model, task: Task) -> Cell:
    own = past.reload()
    metric = _headline(past.stage, own.task, past.measured()["measures"]["metrics"])
    if own.task.reads != task.reads:
        return {"how": "reads", "metric": metric}
    if alike(task, own.task):
        how, asked, answers = "itself", model, task
    elif has_prompt(model):
        return {"how": "prompt", "metric": metric}
    else:
        how, asked, answers = "head", under_head(model, own.model), own.task
    rows, _ = answers.answerable(past.prepared.splits["test"])
    measures, _ = measure_rows(asked, answers, rows, past.stage.evaluation)
    return {"how": how, "metric": metric, "metrics": measures.to_json()["metrics"]}


def matrix(
    pasts: Sequence[Past], stage: Stage, task: Task, measured: dict[str, Any]
) -> dict[str, Any]:
    """What is left of each stage after each later one, as JSON.

    ``stages`` (names, this one last), ``metrics`` (of each), ``rows`` (after each stage, on the
    test of each up to it: ``how`` and, where measured, ``value``, ``low``, ``high``),
    ``forgetting`` (of each but the last), ``mean_forgetting``, ``backward_transfer``.

    Args:
        pasts: The stages before.
        stage: This one.
        task: Its own.
        measured: What it measured, with what :func:`measure_again` gave under ``earlier``.
    """
    known = [past.measured() for past in pasts] + [measured]
    metrics = [measured["earlier"][past.key]["metric"] for past in pasts]
    metrics.append(_headline(stage, task, measured["measures"]["metrics"]))
    rows = []
    for number, one in enumerate(known):
        cells = [one.get("earlier", {}).get(past.key, {}) for past in pasts[:number]]
        cells.append({"how": "itself", "metrics": one["measures"]["metrics"]})
        rows.append([_value(cell, name) for cell, name in zip(cells, metrics, strict=False)])
    left = forgetting([[cell.get("value") for cell in row] for row in rows], metrics)
    return {
        "stages": [*(past.name for past in pasts), stage.name],
        "metrics": metrics,
        "rows": rows,
        "forgetting": list(left.of),
        "mean_forgetting": left.mean,
        "backward_transfer": left.backward_transfer,
    }


def _value(cell: Cell, metric: str) -> dict[str, Any]:
    measured = cell.get("metrics", {}).get(metric, {})
    return {"how": cell.get("how", "none"), **measured}


def _headline(stage: Stage, task: Task, metrics: dict[str, Any]) -> str:
    """The metric that speaks for a stage, as in its verdict."""
    return next((name for name in stage.evaluation.target if name in metrics), task.default_metric)
