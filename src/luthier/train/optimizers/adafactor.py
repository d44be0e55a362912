"""Adafactor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from luthier.core.lazy import lazy
from luthier.recipe.registries import OPTIMIZERS
from luthier.train.update_rule import Group, UpdateRule

if TYPE_CHECKING:
    import torch
else:
    torch = lazy("torch")


@OPTIMIZERS.register
class Adafactor(UpdateRule):
    """Mean squares by row and column only, so hardly any memory (Shazeer and Stern 2018).

    Steps are relative to a matrix's own size: rates are higher than AdamW's, 1e-3 to 1e-2.
    """

    kind: Literal["adafactor"] = "adafactor"
    """This optimizer."""
    beta2_decay: Annotated[float, Field(lt=0)] = -0.8
    """The mean square's decay at step t is 1 - t ** this."""
    clip: Annotated[float, Field(gt=0)] = 1.0
    """An update's root mean square is at most this; the paper's d."""
    least: Annotated[float, Field(gt=0)] = 1e-3
    """A parameter counts as at least this large; the paper's second epsilon."""

    def build(self, groups: Sequence[Group], rate: float) -> torch.optim.Optimizer:
        """That of torch."""
        return torch.optim.Adafactor(
            list(groups), lr=rate, beta2_decay=self.beta2_decay, d=self.clip, eps=(None, self.least)
        )
