"""What AdaLoRA does in training beside learning: taking ranks away, through peft."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from luthier.techniques.companion import Companion, Pass

if TYPE_CHECKING:
    from luthier.models.model import Model


class RankBudget(Companion):
    """Tells peft's allocator of every step, and keeps what it must remember in checkpoints.

    Args:
        model: With peft's AdaLoRA on it.
        before: Share of training before the first rank is taken away.
        after: Share of training after the last one is.
    """

    def __init__(self, model: Model, before: float, after: float) -> None:
        self._tuner: Any = model.network.base_model
        self._config: Any = model.network.active_peft_config
        self._before, self._after = before, after
        core = model.core
        self._weights = {n: p for n, p in core.named_parameters() if ".lora_" in n}
        self._gradients: dict[str, Tensor] = {}
        self._step = torch.zeros((), dtype=torch.int64)
        self._mean = {name: torch.zeros_like(p) for name, p in self._weights.items()}
        self._doubt = {name: torch.zeros_like(p) for name, p in self._weights.items()}
        self._kept = {
            name: torch.ones(p.shape, dtype=torch.bool)
            for name, p in self._weights.items()
            if ".lora_E." in name
        }

    def loss(self, run: Pass, total: Tensor) -> Tensor:
        """Add how far singular vectors are from orthonormal ones, per row as the loss is."""
        distances = []
        for name, weight in self._weights.items():
            if ".lora_E." not in name:
                product = weight @ weight.T if ".lora_A." in name else weight.T @ weight
                distances.append(torch.dist(product, torch.eye(len(product), device=weight.device)))
        penalty: Tensor = torch.stack(distances).mean() * self._config.orth_reg_weight
        return total + run.weight * penalty

    def before_update(self, weight: float) -> None:
        """Keep the gradients, which the optimizer uses up."""
        self._gradients = {
            name: torch.zeros_like(parameter) if parameter.grad is None else parameter.grad / weight
            for name, parameter in self._weights.items()
        }

    def after_update(self, progress: float) -> None:
        """Let peft measure what matters, and set to zero what does not."""
        self._step += 1
        step = int(self._step)
        self._remind(total=round(step / progress))
        for name, gradient in self._gradients.items():
            self._weights[name].grad = gradient
        self._tuner.update_and_allocate(step)
        for parameter in self._weights.values():
            parameter.grad = None
        self._remember()

    def tensors(self) -> Mapping[str, Tensor]:
        """The step, the two running means, and which singular values are left."""
        return {
            "step": self._step,
            **{f"mean|{name}": value for name, value in self._mean.items()},
            **{f"doubt|{name}": value for name, value in self._doubt.items()},
            **{f"kept|{name}": value for name, value in self._kept.items()},
        }

    def _remind(self, total: int) -> None:
        """Tell peft how long training is, and what it knew after the step before."""
        config, allocator = self._config, self._tuner.rankallocator
        config.total_step = total
        config.tinit, config.tfinal = int(self._before * total), int(self._after * total)
        allocator.ipt = dict(self._mean)
        allocator.exp_avg_ipt, allocator.exp_avg_unc = dict(self._mean), dict(self._doubt)
        config.rank_pattern = {name: kept.flatten().tolist() for name, kept in self._kept.items()}

    def _remember(self) -> None:
        allocator = self._tuner.rankallocator
        for ours, theirs in (
            (self._mean, allocator.exp_avg_ipt),
            (self._doubt, allocator.exp_avg_unc),
        ):
            for name, value in theirs.items():
                ours[name].copy_(value)
        for name, kept in self._config.rank_pattern.items():
            own = self._kept[name]
            own.copy_(torch.tensor(kept, dtype=torch.bool).view_as(own))
