"""How much each task's loss counts, where that is learned."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import mean
from typing import Literal

import torch
from torch import Tensor

Balance = Literal["fixed", "uncertainty", "gradnorm"]

SMALL = 1e-2
"""Gradient of a weight: Adam takes its sign alone, and it must not add to the norm that is
clipped."""


def balanced(
    losses: Mapping[str, Tensor], numbers: Mapping[str, Tensor], balance: Balance, rows: int
) -> dict[str, Tensor]:
    """The losses, each times what it counts.

    Args:
        losses: Task to its mean loss over the step, times ``rows``.
        numbers: Task to the number that is learned. ``uncertainty``: the logarithm of the loss's
            variance s; a loss L counts as exp(-s) L + s / 2 (Kendall, Gal and Cipolla 2018,
            equation 7, with the factors for classification). ``gradnorm``: the logarithm of its
            weight; the weights' mean is kept at 1.
        balance: Which.
        rows: Of the micro-batch.
    """
    if balance == "uncertainty":
        return {
            name: loss * torch.exp(-numbers[name]) + 0.5 * numbers[name] * rows
            for name, loss in losses.items()
        }
    if balance == "gradnorm":
        logs = torch.stack([number.detach() for number in numbers.values()])
        weights = dict(zip(numbers, torch.softmax(logs, 0) * len(logs), strict=True))
        return {name: loss * weights[name] for name, loss in losses.items()}
    return dict(losses)


def evened(norms: Mapping[str, float]) -> dict[str, float]:
    """Gradients of the weights' logarithms by which the tasks' gradients come to be equally long.

    As GradNorm (Chen et al. 2018) with all training rates alike (alpha 0): the distance of each
    norm from their mean is what is lowered.

    Args:
        norms: Task to the L2 norm of its gradient of the shared weights.
    """
    middle = mean(norms.values())
    return {
        name: SMALL * (float(norm > middle) - float(norm < middle)) for name, norm in norms.items()
    }
