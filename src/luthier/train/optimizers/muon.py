"""Muon for matrices, AdamW for the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from luthier.core.lazy import lazy
from luthier.recipe.registries import OPTIMIZERS
from luthier.train.update_rule import Decay, Group, UpdateRule

if TYPE_CHECKING:
    import torch
    from torch import nn

    from luthier.train import joined
else:
    torch, joined = lazy("torch"), lazy("luthier.train.joined")

MATRIX = "matrix"


@OPTIMIZERS.register
class Muon(UpdateRule):
    """Orthogonal updates of the base's matrices (Jordan et al. 2024); AdamW for all else.

    AdamW moves embeddings, heads, convolutions, biases and normalisations. Updates of matrices
    are scaled to the size of AdamW's (Liu et al. 2025), so that one learning rate serves both.
    """

    kind: Literal["muon"] = "muon"
    """This optimizer."""
    momentum: Decay = 0.95
    """Decay of the mean gradient of matrices."""
    nesterov: bool = True
    """Look ahead by one step of the momentum."""
    iterations: Annotated[int, Field(gt=0, lt=100)] = 5
    """Newton-Schulz iterations that make an update orthogonal."""
    beta1: Decay = 0.9
    """AdamW's decay of the mean gradient."""
    beta2: Decay = 0.999
    """AdamW's decay of the mean square."""
    epsilon: Annotated[float, Field(gt=0)] = 1e-8
    """Added to AdamW's denominator."""

    def part(self, parameter: nn.Parameter, *, inner: bool) -> str:
        """Matrices within the base are Muon's."""
        return MATRIX if inner and parameter.ndim == 2 else ""

    def build(self, groups: Sequence[Group], rate: float) -> torch.optim.Optimizer:
        """The two of torch, joined."""
        matrices = [group for group in groups if group["part"] == MATRIX]
        rest = [group for group in groups if group["part"] != MATRIX]
        parts: list[torch.optim.Optimizer] = []
        if matrices:
            parts.append(
                torch.optim.Muon(
                    matrices, lr=rate, momentum=self.momentum, nesterov=self.nesterov,
                    ns_steps=self.iterations, adjust_lr_fn="match_rms_adamw",
                )
            )  # fmt: skip
        if rest:
            betas = (self.beta1, self.beta2)
            parts.append(torch.optim.AdamW(rest, lr=rate, betas=betas, eps=self.epsilon))
        return joined.Joined(parts)
