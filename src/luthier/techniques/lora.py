"""LoRA: low-rank updates beside frozen matrices, through peft."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from luthier.core.errors import ModelError
from luthier.recipe.registries import TECHNIQUES
from luthier.techniques.adapter import Targeted
from luthier.techniques.technique import Rule

if TYPE_CHECKING:
    from luthier.models.model import Model


@TECHNIQUES.register
class Lora(Targeted):
    """Train low-rank updates of the base's matrices, and the head (Hu et al. 2021)."""

    source: ClassVar[str] = "Hu et al. 2021, arXiv:2106.09685"

    kind: Literal["lora"] = "lora"
    """This technique."""
    variant: Literal["plain", "rslora", "dora", "pissa", "olora", "lora_plus"] = "plain"
    """`rslora`: scaled by the root of r (Kalajdzievski 2023, arXiv:2312.03732). `dora`: direction
    and size of each column apart (Liu et al. 2024, arXiv:2402.09353). `pissa`: begins with the
    largest singular vectors (Meng et al. 2024, arXiv:2404.02948). `olora`: begins with orthonormal
    ones (Büyükakyüz 2024, arXiv:2406.01775). `lora_plus`: the second matrix moves faster (Hayou
    et al. 2024, arXiv:2402.12354)."""
    r: Annotated[int, Field(gt=0)] = 16
    """Rank of the update."""
    lora_alpha: Annotated[float, Field(gt=0)] = 32
    """Scale: the update is multiplied by lora_alpha / r."""
    lora_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Dropout on the update's input."""
    use_rslora: bool = False
    """Scale by lora_alpha / sqrt(r) instead, with any variant."""
    ratio: Annotated[float, Field(gt=0)] = 16.0
    """Of `lora_plus`: how many times faster the second matrix moves."""

    @model_validator(mode="after")
    def _takes_whole_matrices(self) -> Self:
        whole = {"8bit": ("pissa", "olora", "dora"), "4bit": ("pissa", "olora")}
        if self.quantize and self.variant in whole[self.quantize]:
            raise ValueError(f"{self.variant} needs matrices of more bits than {self.quantize}")
        return self

    def check(self, model: Model) -> None:
        """Refuse what peft computes wrongly.

        Raises:
            ModelError: If OLoRA is to begin with the transposed matrices of a GPT-2.
        """
        super().check(model)
        kinds = {type(module).__name__ for module in model.core.modules()}
        if self.variant == "olora" and "Conv1D" in kinds:
            raise ModelError(
                "The variant olora does not work on a {model}: its matrices are kept transposed.",
                hint="Use pissa, which begins with singular vectors too.",
                model=model.core.config.model_type,
            )

    def peft_kind(self) -> str:
        """Peft's name."""
        return "LORA"

    def peft_settings(self, model: Model) -> dict[str, Any]:
        """What peft is told."""
        begun = {"pissa": "pissa", "olora": "olora"}.get(self.variant, True)
        return {
            "r": self.r,
            "lora_alpha": self.lora_alpha,
            "lora_dropout": self.lora_dropout,
            "target_modules": self.target_modules,
            "use_rslora": self.use_rslora or self.variant == "rslora",
            "use_dora": self.variant == "dora",
            "init_lora_weights": begun,
        }

    def rules(self, model: Model, progress: float) -> list[Rule]:
        """Only adapters and the head move; of LoRA+ the second matrices faster."""
        faster = [Rule("*.lora_B.*", self.ratio)] if self.variant == "lora_plus" else []
        return [*super().rules(model, progress), *faster]
