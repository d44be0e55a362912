"""AdaLoRA: LoRA whose rank goes where it is needed, through peft."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from luthier.core.lazy import lazy
from luthier.recipe.registries import TECHNIQUES
from luthier.techniques.adapter import Targeted
from luthier.techniques.technique import Work

if TYPE_CHECKING:
    from luthier.models.model import Model
    from luthier.techniques.adapting import rank_budget
else:
    rank_budget = lazy("luthier.techniques.adapting.rank_budget")


@TECHNIQUES.register
class AdaLora(Targeted):
    """Train low-rank updates whose rank moves to where it matters, and the head (Zhang 2023).

    Updates begin with the rank `init_r`; singular values that matter least are set to zero until
    on average `target_r` are left. What matters is measured by weights and gradients.
    """

    rate: ClassVar[float | None] = 1e-2
    source: ClassVar[str] = "Zhang et al. 2023, arXiv:2303.10512"

    kind: Literal["adalora"] = "adalora"
    """This technique."""
    target_r: Annotated[int, Field(gt=0)] = 8
    """Average rank at the end."""
    init_r: Annotated[int, Field(gt=0)] = 12
    """Rank of every update in the beginning."""
    lora_alpha: Annotated[float, Field(gt=0)] = 32
    """Scale of the updates."""
    lora_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Dropout on the update's input."""
    before: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Share of training before the first rank is taken away."""
    after: Annotated[float, Field(ge=0, lt=1)] = 0.3
    """Share of training after the last one is."""
    every: Annotated[int, Field(gt=0)] = 10
    """Optimizer steps between changes."""
    beta1: Annotated[float, Field(gt=0, lt=1)] = 0.85
    """Decay of the mean of what weights matter."""
    beta2: Annotated[float, Field(gt=0, lt=1)] = 0.85
    """Decay of the mean of how uncertain that is."""
    orthogonal: Annotated[float, Field(ge=0)] = 0.5
    """Weight in the loss of how far the singular vectors are from orthonormal ones."""

    @model_validator(mode="after")
    def _something_to_take(self) -> Self:
        if self.target_r >= self.init_r:
            raise ValueError("target_r must be below init_r")
        if self.before + self.after >= 1:
            raise ValueError("before and after leave no time in which ranks are taken away")
        return self

    def peft_kind(self) -> str:
        """Peft's name."""
        return "ADALORA"

    def peft_settings(self, model: Model) -> dict[str, Any]:
        """What peft is told; how many steps there are is told it in training."""
        return {
            "target_r": self.target_r,
            "init_r": self.init_r,
            "lora_alpha": self.lora_alpha,
            "lora_dropout": self.lora_dropout,
            "deltaT": self.every,
            "beta1": self.beta1,
            "beta2": self.beta2,
            "orth_reg_weight": self.orthogonal,
            "total_step": 1,
            "target_modules": self.target_modules,
        }

    def companion(self, model: Model, work: Work) -> rank_budget.RankBudget:
        """What takes ranks away after each step."""
        return rank_budget.RankBudget(model, self.before, self.after)

    def finish(self, model: Model, work: Work) -> None:
        """Save updates with their zeros: the weights kept may be from before the last change."""
        config: Any = model.network.active_peft_config
        config.rank_pattern = None
        super().finish(model, work)
