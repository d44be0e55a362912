"""What training would see of prepared rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from luthier.data.prepared import Prepared
from luthier.models.processors import load_processor
from luthier.pipeline.rows import base_of_stage
from luthier.recipe.load import Loaded
from luthier.tasks.audit.audit import audit_rows
from luthier.tasks.task import Example, Task, TaskConfig


def audit_prepared(loaded: Loaded, prepared: Prepared, runs_dir: Path) -> dict[str, Any]:
    """What training on prepared rows would see, of a recipe's first stage: see :func:`audit`.

    Raises:
        ModelError: If the base is not at hand.
        NothingSupervisedError: If no row teaches anything.
    """
    stage = loaded.recipe.stages[0]
    config: TaskConfig = stage.task
    train = prepared.splits["train"]
    processor = load_processor(base_of_stage(stage, loaded, runs_dir), config.reads)
    longest = getattr(processor, "model_max_length", 0)
    task = config.build(config.learn(train), processor)
    return audited(task, train, task.encode(train), longest)


def audited(
    task: Task, rows: pl.DataFrame, examples: Sequence[Example], longest: int
) -> dict[str, Any]:
    """The audit of encoded rows; of several tasks, that of each under its name."""
    found = {
        name: audit_rows(part, mine, encoded, longest=longest).to_json()
        for name, part, mine, encoded in task.looked_at(rows, examples)
    }
    findings = [finding for each in found.values() for finding in each.pop("findings")]
    findings.sort(key=lambda finding: -finding["harm"])
    return {"tasks": found, "findings": findings}
