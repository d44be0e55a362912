"""Dropout whose random numbers cost a byte, not a draw, per element.

torch's CPU dropout draws one Bernoulli number per element, which took a quarter of
a training step of a small encoder. Here one 64-bit draw gives eight elements a byte
each; an element is kept when its byte reaches a threshold, so that the probability
is rounded to a multiple of 1/256 and the scale is exact for the rounded value
(Srivastava et al. 2014, inverted dropout).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

LEVELS = 256


def keep_mask(like: Tensor, p: float) -> tuple[Tensor, float]:
    """A mask of zeros and ones of ``like``'s shape and type, and the scale of what is kept."""
    threshold = round(p * LEVELS)
    count = like.numel()
    draws = torch.empty((count + 7) // 8, dtype=torch.int64, device=like.device)
    # From the lowest int64 with no upper end: the only call that fills all 64 bits.
    draws.random_(-(2**63), None)
    bytes_ = draws.view(torch.uint8)[:count].view(like.shape)
    return bytes_.ge(threshold).to(like.dtype), LEVELS / (LEVELS - threshold)


class _Dropout(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, p: float) -> Tensor:
        keep, scale = keep_mask(x, p)
        keep.mul_(scale)
        ctx.save_for_backward(keep)
        return x * keep

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (keep,) = ctx.saved_tensors
        return gradients[0] * keep, None


class FastDropout(nn.Module):
    """Drop-in for ``nn.Dropout`` with ``p`` rounded to a multiple of 1/256."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """``x`` unchanged in evaluation; in training, zeroed with probability ``p`` and scaled."""
        if not self.training or round(self.p * LEVELS) == 0:
            return x
        dropped: Tensor = _Dropout.apply(x, self.p)  # type: ignore[no-untyped-call]
        return dropped


def use_fast_dropout(network: nn.Module) -> None:
    """Replace every ``nn.Dropout`` inside ``network``, in place."""
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if type(child) is nn.Dropout:
                setattr(module, name, FastDropout(child.p))
