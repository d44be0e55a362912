"""Lion at work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch


class Lion(torch.optim.Optimizer):
    """Sign of an interpolated mean gradient, with decoupled decay (Chen et al. 2023, program 1).

    Args:
        params: Groups.
        lr: Learning rate.
        betas: Of the interpolation and of the running mean.
        weight_decay: Decoupled, as AdamW's.
    """

    def __init__(
        self, params: Any, lr: float, betas: tuple[float, float], weight_decay: float = 0.0
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Take a step with the gradients that there are."""
        assert closure is None
        for group in self.param_groups:
            moved = [p for p in group["params"] if p.grad is not None]
            if not moved:
                continue
            gradients = [p.grad for p in moved]
            for parameter in moved:
                if not self.state[parameter]:
                    self.state[parameter]["exp_avg"] = torch.zeros_like(parameter)
            means = [self.state[p]["exp_avg"] for p in moved]
            first, second = group["betas"]
            updates = torch._foreach_lerp(means, gradients, 1 - first)
            torch._foreach_sign_(updates)
            torch._foreach_mul_(moved, 1 - group["lr"] * group["weight_decay"])
            torch._foreach_add_(moved, updates, alpha=-group["lr"])
            torch._foreach_lerp_(means, gradients, 1 - second)
