"""Lion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from luthier.core.lazy import lazy
from luthier.recipe.registries import OPTIMIZERS
from luthier.train.update_rule import Decay, Group, UpdateRule

if TYPE_CHECKING:
    import torch

    from luthier.train import signed
else:
    signed = lazy("luthier.train.signed")


@OPTIMIZERS.register
class Lion(UpdateRule):
    """The sign of a mean gradient, half of AdamW's memory (Chen et al. 2023).

    Every number moves by the whole rate: a third to a tenth of AdamW's rate, and three to ten
    times its weight decay.
    """

    kind: Literal["lion"] = "lion"
    """This optimizer."""
    beta1: Decay = 0.9
    """Share of the mean in what the sign is taken of."""
    beta2: Decay = 0.99
    """Decay of the mean gradient."""

    def build(self, groups: Sequence[Group], rate: float) -> torch.optim.Optimizer:
        """Our own: it is four lines."""
        return signed.Lion(list(groups), lr=rate, betas=(self.beta1, self.beta2))
