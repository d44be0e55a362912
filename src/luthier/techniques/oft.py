"""OFT: orthogonal rotations of weights, through peft."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from luthier.recipe.registries import TECHNIQUES
from luthier.techniques.adapter import Targeted

if TYPE_CHECKING:
    from luthier.models.model import Model


@TECHNIQUES.register
class Oft(Targeted):
    """Train block-wise rotations of the base's matrices, and the head (Qiu et al. 2023).

    Angles between neurons stay as pre-training left them.
    """

    rate: ClassVar[float | None] = 2e-3
    source: ClassVar[str] = "Qiu et al. 2023, arXiv:2306.07280"

    kind: Literal["oft"] = "oft"
    """This technique."""
    block_size: Annotated[int, Field(gt=1)] = 32
    """Width of a rotated block; it must divide the widths of the matrices."""
    module_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Chance that a block is left alone in a step."""

    def peft_kind(self) -> str:
        """Peft's name."""
        return "OFT"

    def peft_settings(self, model: Model) -> dict[str, Any]:
        """What peft is told."""
        return {
            "oft_block_size": self.block_size,
            "module_dropout": self.module_dropout,
            "target_modules": self.target_modules,
        }
