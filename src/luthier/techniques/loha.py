"""LoHa: updates that are products, element by element, of low-rank ones, through peft."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from luthier.recipe.registries import TECHNIQUES
from luthier.techniques.adapter import Targeted

if TYPE_CHECKING:
    from luthier.models.model import Model


@TECHNIQUES.register
class LoHa(Targeted):
    """Train Hadamard products of low-rank updates, and the head (Hyeon-Woo et al. 2022)."""

    source: ClassVar[str] = "Hyeon-Woo et al. 2022, arXiv:2108.06098"

    kind: Literal["loha"] = "loha"
    """This technique."""
    r: Annotated[int, Field(gt=0)] = 8
    """Rank of the factors."""
    lora_alpha: Annotated[int, Field(gt=0)] = 16
    """Scale: the update is multiplied by lora_alpha / r."""
    rank_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Chance that a row of the update is dropped in a step."""

    def peft_kind(self) -> str:
        """Peft's name."""
        return "LOHA"

    def peft_settings(self, model: Model) -> dict[str, Any]:
        """What peft is told."""
        return {
            "r": self.r,
            "alpha": self.lora_alpha,
            "rank_dropout": self.rank_dropout,
            "target_modules": self.target_modules,
        }
