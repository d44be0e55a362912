"""BOFT: rotations made of butterfly factors, through peft."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from luthier.recipe.registries import TECHNIQUES
from luthier.techniques.adapter import Targeted

if TYPE_CHECKING:
    from luthier.models.model import Model


@TECHNIQUES.register
class Boft(Targeted):
    """Train rotations made of sparse factors, and the head (Liu et al. 2024)."""

    rate: ClassVar[float | None] = 2e-3
    source: ClassVar[str] = "Liu et al. 2024, arXiv:2311.06243"

    kind: Literal["boft"] = "boft"
    """This technique."""
    block_size: Annotated[int, Field(gt=1)] = 4
    """Width of a rotated block; it must divide the widths of the matrices."""
    factors: Annotated[int, Field(gt=0)] = 1
    """Butterfly factors; 1 is the same as OFT."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Chance that a block is left alone in a step."""

    def peft_kind(self) -> str:
        """Peft's name."""
        return "BOFT"

    def peft_settings(self, model: Model) -> dict[str, Any]:
        """What peft is told."""
        return {
            "boft_block_size": self.block_size,
            "boft_n_butterfly_factor": self.factors,
            "boft_dropout": self.dropout,
            "target_modules": self.target_modules,
        }
