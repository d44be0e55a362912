"""AdamW over parameters grouped by how fast they move."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping

import torch
from torch import nn

from luthier.core.errors import RecipeError
from luthier.recipe.schema import Training

Course = Mapping[float, Mapping[str, float]]
"""From which progress (0 to 1) on which multipliers hold, by parameter, in order from 0."""


def trained(course: Course) -> frozenset[str]:
    """Names of the parameters that move at some time."""
    return frozenset(
        name for values in course.values() for name, multiplier in values.items() if multiplier > 0
    )


def build_optimizer(core: nn.Module, course: Course, settings: Training) -> torch.optim.AdamW:
    """AdamW (Loshchilov and Hutter 2019) with one group per course of multipliers and decay.

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
    groups: dict[tuple[tuple[float, ...], float], list[nn.Parameter]] = {}
    for name, parameter in core.named_parameters():
        parameter.requires_grad_(name in moving)
        if name in moving:
            multipliers = tuple(values[name] for values in course.values())
            decay = settings.weight_decay if parameter.ndim > 1 else 0.0
            groups.setdefault((multipliers, decay), []).append(parameter)
    return torch.optim.AdamW(
        [
            {"params": parameters, "multipliers": multipliers, "weight_decay": decay}
            for (multipliers, decay), parameters in groups.items()
        ],
        lr=settings.learning_rate,
        betas=(settings.adam_beta1, settings.adam_beta2),
        eps=settings.adam_epsilon,
        fused=True,
    )


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
