"""What several tasks measured, as one."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import mean
from typing import Any

from luthier.metrics import Estimate, Measures, higher_is_better

MEAN = "mean"


def joint(own: Mapping[str, Measures], default: Mapping[str, str]) -> Measures:
    """All metrics as ``TASK/METRIC``, and ``mean``: that of every task's own, if more is better.

    The interval of the mean runs from the mean of the lower ends to that of the upper ones; as
    not all tasks are unlucky at once, it is rather too wide.

    Args:
        own: Task to what it measured.
        default: Task to its own metric.
    """
    metrics = {
        f"{task}/{name}": estimate
        for task, measured in own.items()
        for name, estimate in measured.metrics.items()
    }
    counted = [task for task in own if higher_is_better(default[task])]
    chosen = [
        own[task].metrics[default[task]] for task in counted if default[task] in own[task].metrics
    ]
    if chosen and len(chosen) == len(counted):
        ends = (mean(getattr(one, end) for one in chosen) for end in ("value", "low", "high"))
        metrics = {MEAN: Estimate(*ends), **metrics}
    return Measures(
        n=max((measured.n for measured in own.values()), default=0),
        metrics=metrics,
        per_class=[_named(task, row) for task, m in own.items() for row in m.per_class],
        gains={f"{task}/{name}": g for task, m in own.items() for name, g in m.gains.items()},
    )


def _named(task: str, row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "label": f"{task}: {row['label']}"}
