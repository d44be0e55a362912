"""What pulls weights back to where they started."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from luthier.core.lazy import lazy
from luthier.techniques.companion import Companion

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from luthier.models.model import Model
else:
    torch = lazy("torch")


@dataclass(frozen=True)
class Spring:
    """What is added to the loss for a parameter: strength / 2 * (parameter - rest)**2, summed."""

    parameter: Tensor
    rest: Tensor
    """Where it is pulled to; a tensor of its shape, or one number."""
    strength: Tensor | float
    """One number, or one for each of its numbers."""


class Pull(Companion):
    """Adds the gradients of springs, once a step, so that micro-batches make no difference."""

    def __init__(self, springs: Sequence[Spring]) -> None:
        self._springs = springs

    def before_update(self, weight: float) -> None:
        """The gradients of what moves at the time."""
        with torch.no_grad():
            for spring in self._springs:
                gradient = spring.parameter.grad
                if gradient is not None:
                    gradient += weight * spring.strength * (spring.parameter - spring.rest)


def moving(model: Model) -> dict[str, Tensor]:
    """The parameters that move at some time, by name; known once rules are read."""
    return {name: p for name, p in model.core.named_parameters() if p.requires_grad}


def started_random(model: Model) -> frozenset[str]:
    """Names of the parameters that start from chance: of a new head, adapters' copy included."""
    return model.new | model.select("@head") if model.new else model.new
