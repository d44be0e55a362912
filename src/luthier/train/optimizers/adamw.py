"""AdamW."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from luthier.core.lazy import lazy
from luthier.recipe.registries import OPTIMIZERS
from luthier.train.update_rule import AdamRule, Group

if TYPE_CHECKING:
    import torch
else:
    torch = lazy("torch")


@OPTIMIZERS.register
class AdamW(AdamRule):
    """Running means of gradient and square, decoupled decay (Loshchilov and Hutter 2019)."""

    kind: Literal["adamw"] = "adamw"
    """This optimizer."""

    def build(self, groups: Sequence[Group], rate: float) -> torch.optim.Optimizer:
        """That of torch, fused into one pass."""
        betas = (self.beta1, self.beta2)
        return torch.optim.AdamW(list(groups), lr=rate, betas=betas, eps=self.epsilon, fused=True)
