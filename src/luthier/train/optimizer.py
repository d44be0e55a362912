"""AdamW over parameters grouped by how fast they move."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from luthier.core.errors import RecipeError
from luthier.recipe.schema import Training


def trainable(multipliers: Mapping[str, float]) -> list[str]:
    """Names of the parameters that move."""
    return [name for name, multiplier in multipliers.items() if multiplier > 0]


def build_optimizer(
    core: nn.Module, multipliers: Mapping[str, float], settings: Training
) -> torch.optim.AdamW:
    """AdamW (Loshchilov and Hutter 2019) with one group per multiplier and decay.

    Each group has a key ``multiplier``. Biases and normalisation weights (all with
    one dimension) do not decay. Parameters with multiplier 0 need no gradient and
    are left out.

    Raises:
        RecipeError: If nothing moves.
    """
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in core.named_parameters():
        multiplier = multipliers[name]
        parameter.requires_grad_(multiplier > 0)
        if multiplier > 0:
            decay = settings.weight_decay if parameter.ndim > 1 else 0.0
            groups.setdefault((multiplier, decay), []).append(parameter)
    if not groups:
        raise RecipeError(
            "The techniques together freeze every parameter, so nothing would be learned.",
            hint="Leave at least the head free.",
        )
    return torch.optim.AdamW(
        [
            {"params": parameters, "multiplier": multiplier, "weight_decay": decay}
            for (multiplier, decay), parameters in groups.items()
        ],
        lr=settings.learning_rate,
        betas=(settings.adam_beta1, settings.adam_beta2),
        eps=settings.adam_epsilon,
        fused=True,
    )


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Give every group ``rate`` times its multiplier."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["multiplier"]
