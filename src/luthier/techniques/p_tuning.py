"""P-tuning: vectors before the text that a small network makes, through peft."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from luthier.recipe.registries import TECHNIQUES
from luthier.techniques.prompt_learning import PromptLearning

if TYPE_CHECKING:
    from luthier.models.model import Model


@TECHNIQUES.register
class PTuning(PromptLearning):
    """Train a small network that makes vectors to stand before the text (Liu et al. 2021)."""

    rate: ClassVar[float | None] = 1e-2
    source: ClassVar[str] = "Liu et al. 2021, arXiv:2103.10385"
    families: ClassVar[tuple[str, ...]] = ("encoder",)
    per_token: ClassVar[bool] = False

    kind: Literal["p_tuning"] = "p_tuning"
    """This technique."""
    network: Literal["mlp", "lstm"] = "mlp"
    """What makes the vectors."""
    width: Annotated[int, Field(gt=0)] = 128
    """Width of that network."""

    def peft_kind(self) -> str:
        """Peft's name."""
        return "P_TUNING"

    def peft_settings(self, model: Model) -> dict[str, Any]:
        """What peft is told."""
        return {
            "num_virtual_tokens": self.num_virtual_tokens,
            "encoder_reparameterization_type": self.network.upper(),
            "encoder_hidden_size": self.width,
        }
