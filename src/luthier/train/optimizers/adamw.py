"""AdamW."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from luthier.core.lazy import lazy
from luthier.recipe.registries import OPTIMIZERS
from luthier.train.update_rule import Decay, Group, UpdateRule

if TYPE_CHECKING:
    import torch
else:
    torch = lazy("torch")


@OPTIMIZERS.register
class AdamW(UpdateRule):
    """Running means of gradient and square, decoupled decay (Loshchilov and Hutter 2019)."""

    kind: Literal["adamw"] = "adamw"
    """This optimizer."""
    beta1: Decay = 0.9
    """Decay of the mean gradient."""
    beta2: Decay = 0.999
    """Decay of the mean square."""
    epsilon: Annotated[float, Field(gt=0)] = 1e-8
    """Added to the denominator."""

    def build(self, groups: Sequence[Group], rate: float) -> torch.optim.Optimizer:
        """That of torch, fused into one pass."""
        betas = (self.beta1, self.beta2)
        return torch.optim.AdamW(list(groups), lr=rate, betas=betas, eps=self.epsilon, fused=True)
