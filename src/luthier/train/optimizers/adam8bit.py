"""AdamW with a state of eight bits."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from luthier.core.lazy import lazy
from luthier.recipe.registries import OPTIMIZERS
from luthier.train.update_rule import AdamRule, Group, missing

if TYPE_CHECKING:
    import bitsandbytes
    import torch
else:
    bitsandbytes = lazy("bitsandbytes")


@OPTIMIZERS.register
class Adam8Bit(AdamRule):
    """AdamW whose running means take a byte each, by blocks (Dettmers et al. 2022)."""

    kind: Literal["adam8bit"] = "adam8bit"
    """This optimizer."""
    least: Annotated[int, Field(gt=0)] = 4096
    """Parameters of fewer numbers keep means of full precision."""

    def build(self, groups: Sequence[Group], rate: float) -> torch.optim.Optimizer:
        """That of the package `bitsandbytes`."""
        if find_spec("bitsandbytes") is None:
            raise missing("bitsandbytes")
        optimizer: torch.optim.Optimizer = bitsandbytes.optim.AdamW8bit(
            list(groups), lr=rate, betas=(self.beta1, self.beta2), eps=self.epsilon,
            min_8bit_size=self.least,
        )  # fmt: skip
        return optimizer
