"""Where a model comes from: the stages behind it, also those of earlier runs."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from luthier.data.prepared import Prepared
from luthier.evaluation.saved import ABOUT, saved
from luthier.models.bases import Base
from luthier.recipe.schema import Stage
from luthier.runs.directory import Run

Lineage = list[dict[str, Any]]
"""The stages, the first one first. Of each: ``run`` (its name and number), ``stage``, ``base`` and
``origin`` (what it started from), ``task``, ``techniques``, ``rows`` (of train), ``data`` (hash of
the prepared rows) and ``recipe`` (SHA-256 of all that the stage's recipe settles)."""


def lineage_of(run: Run, stage: Stage, base: Base, prepared: Prepared) -> Lineage:
    """The lineage of the model that a stage leaves.

    Args:
        run: The run under way.
        stage: The stage.
        base: What it started from; a model of luthier's tells its own lineage.
        prepared: The rows.
    """
    before: Lineage = saved(base.path).get("lineage", []) if (base.path / ABOUT).is_file() else []
    settled = json.dumps(stage.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
    own = {
        "run": f"{run.name}/{run.path.name}",
        "stage": stage.name,
        "base": base.name,
        "origin": base.origin,
        "task": stage.task.kind,
        "techniques": [technique.kind for technique in stage.techniques],
        "rows": len(prepared.splits["train"]),
        "data": prepared.hash,
        "recipe": hashlib.sha256(settled.encode()).hexdigest(),
    }
    return [*before, own]
