"""Which techniques work with which tasks, by what both say of themselves."""

from __future__ import annotations

from typing import Any

from luthier.recipe.registries import TASKS, TECHNIQUES


def works_with(technique: Any, task: Any) -> bool:
    """Whether a technique works with a task: with what the base is given, and with its head."""
    reads: bool = task.reads in technique.reads
    layers: bool = technique.own_heads or not task.own_layers
    return reads and layers and (technique.per_token or not task.per_token)


def described() -> list[dict[str, Any]]:
    """Every technique: what it does, what it works with, where it is from.

    ``learning_rate`` is what suits it; None: the usual one.
    """
    techniques: dict[str, Any] = dict(TECHNIQUES.members())
    tasks = TASKS.members()
    return [
        {
            "kind": kind,
            "does": (technique.__doc__ or "").splitlines()[0],
            "learning_rate": technique.rate,
            "families": list(technique.families),
            "tasks": [name for name, task in tasks.items() if works_with(technique, task)],
            "source": technique.source,
        }
        for kind, technique in techniques.items()
    ]
