"""The optimizer over parameters grouped by how fast they move."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping

import torch
from torch import nn

from luthier.core.errors import RecipeError
from luthier.models.vocabulary import KnownRows
from luthier.recipe.schema import Training
from luthier.train.update_rule import UpdateRule

Course = Mapping[float, Mapping[str, float]]
"""From which progress (0 to 1) on which multipliers hold, by parameter, in order from 0."""


def trained(course: Course) -> frozenset[str]:
    """Names of the parameters that move at some time."""
    return frozenset(
        name for values in course.values() for name, multiplier in values.items() if multiplier > 0
    )


def build_optimizer(core: nn.Module, course: Course, settings: Training) -> torch.optim.Optimizer:
    """The recipe's optimizer with one group per course of multipliers and decay.

    Biases and normalisation weights (all with one dimension) do not decay. Parameters that never
    move are left out.

    Raises:
        RecipeError: If there is a time at which nothing moves.
    """
    if not all(any(values.values()) for values in course.values()):
        raise RecipeError(
            "The techniques together freeze every parameter, so nothing would be learned.",
            hint="Leave at least the head free.",
        )
    moving = trained(course)
    rule: UpdateRule = settings.optimizer
    inner = _inner(core)
    groups: dict[tuple[tuple[float, ...], float, str], list[nn.Parameter]] = {}
    for name, parameter in core.named_parameters():
        parameter.requires_grad_(name in moving)
        if name in moving:
            multipliers = tuple(values[name] for values in course.values())
            decay = settings.weight_decay if parameter.ndim > 1 else 0.0
            part = rule.part(parameter, inner=id(parameter) in inner)
            groups.setdefault((multipliers, decay, part), []).append(parameter)
    return rule.build(
        [
            {"params": own, "multipliers": multipliers, "weight_decay": decay, "part": part}
            for (multipliers, decay, part), own in groups.items()
        ],
        settings.learning_rate,
    )


def _inner(core: nn.Module) -> frozenset[int]:
    """Ids of the base's parameters without its embeddings."""
    base = getattr(core, "base_model", core)
    tables = (nn.Embedding, KnownRows)
    embedded = {id(p) for m in base.modules() if isinstance(m, tables) for p in m.parameters()}
    return frozenset(id(parameter) for parameter in base.parameters()) - embedded


def set_pace(
    optimizer: torch.optim.Optimizer, course: Course, progress: float, rate: float
) -> None:
    """Give every group ``rate`` times the multiplier that holds at ``progress``.

    Groups whose multiplier is 0 take no gradient meanwhile, and so keep their values.
    """
    turn = bisect_right(list(course), progress) - 1
    for group in optimizer.param_groups:
        multiplier = group["multipliers"][turn]
        group["lr"] = rate * multiplier
        for parameter in group["params"]:
            parameter.requires_grad_(multiplier > 0)
