"""The gradients of several tasks, each on its own: compared, evened out, or kept from conflicts.

A backward pass for each task gives its gradient of the weights they share. Over the micro-batches
of a step these add up as one gradient would, so what is done to them at its end does not depend on
how the step was cut.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import combinations

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel

from luthier.tasks.agreement import Agreement

Vector = list[Tensor]
"""A gradient: a tensor for each parameter."""


class Apart:
    """Adds up each task's gradient over the micro-batches of a step.

    Args:
        core: The network, whose base the tasks share; gradients of the other parameters that
            train are added up as ever.
    """

    def __init__(self, core: PreTrainedModel) -> None:
        self._core = core
        shared = {id(parameter) for parameter in core.base_model.parameters()}
        trained = [parameter for parameter in core.parameters() if parameter.requires_grad]
        self._shared = [parameter for parameter in trained if id(parameter) in shared]
        self._own = [parameter for parameter in trained if id(parameter) not in shared]
        self._sums: dict[str, Vector] = {}

    def add(self, losses: Mapping[str, Tensor]) -> None:
        """Add the gradients of a micro-batch's losses.

        Args:
            losses: Task to its summed loss, which may share a graph.
        """
        every = self._shared + self._own
        for number, (name, loss) in enumerate(losses.items(), 1):
            found = torch.autograd.grad(
                loss, every, retain_graph=number < len(losses), allow_unused=True
            )
            sums = self._sums.setdefault(name, [torch.zeros_like(p) for p in self._shared])
            for total, part in zip(sums, found, strict=False):
                if part is not None:
                    total += part
            for parameter, part in zip(self._own, found[len(self._shared) :], strict=True):
                if part is not None:
                    parameter.grad = part if parameter.grad is None else parameter.grad + part

    def agreement(self) -> Agreement:
        """How the step's gradients stand to each other."""
        norms = {name: _dot(own, own) ** 0.5 for name, own in self._sums.items()}
        cosines = {
            f"{one} {other}": _dot(self._sums[one], self._sums[other])
            / max(norms[one] * norms[other], 1e-30)
            for one, other in combinations(self._sums, 2)
        }
        return Agreement(cosines, norms)

    def finish(self, steered: Mapping[str, float], *, project: bool, seeds: Sequence[int]) -> None:
        """Put the sum of the tasks' gradients where the optimizer takes it.

        Args:
            steered: Shell pattern over parameter names to the gradient that such get.
            project: Take out of each what points against another (:func:`projected`).
            seeds: Of the order in which the others are gone through.
        """
        for name, parameter in self._core.named_parameters():
            for pattern, gradient in steered.items():
                if parameter.requires_grad and fnmatchcase(name, pattern):
                    parameter.grad = torch.full_like(parameter, gradient)
        gradients = list(self._sums.values())
        if project:
            gradients = projected(gradients, np.random.default_rng(seeds))
        for place, parameter in enumerate(self._shared):
            if gradients:
                parameter.grad = torch.stack([one[place] for one in gradients]).sum(dim=0)
        self._sums = {}


NO_LENGTH = 1e-30
"""Squared length up to which a gradient is none: products of such small numbers lose their digits,
or are 0."""


def projected(gradients: Sequence[Vector], random: np.random.Generator) -> list[Vector]:
    """PCGrad (Yu et al. 2020, algorithm 1): of each gradient, what does not hurt the others.

    Where a gradient points against another's, its part along that one is taken out; the others
    are gone through by chance.
    """
    found = []
    for place, gradient in enumerate(gradients):
        mine = [part.clone() for part in gradient]
        others = [n for n in range(len(gradients)) if n != place]
        for other in random.permutation(others):
            against = gradients[int(other)]
            along, length = _dot(mine, against), _dot(against, against)
            if along < 0 and length > NO_LENGTH:
                torch._foreach_sub_(mine, against, alpha=along / length)
        found.append(mine)
    return found


def _dot(one: Vector, other: Vector) -> float:
    return sum(
        torch.sum(a * b, dtype=torch.float64).item() for a, b in zip(one, other, strict=True)
    )
