"""VeRA: vectors that scale random matrices which all layers share, through peft."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from luthier.recipe.registries import TECHNIQUES
from luthier.techniques.adapter import Targeted

if TYPE_CHECKING:
    from luthier.models.model import Model


@TECHNIQUES.register
class Vera(Targeted):
    """Train two vectors per matrix around random projections, and the head (Kopiczko et al. 2024).

    Fewer numbers than with LoRA by far; it wants a higher learning rate.
    """

    rate: ClassVar[float | None] = 3e-2
    source: ClassVar[str] = "Kopiczko et al. 2024, arXiv:2310.11454"

    kind: Literal["vera"] = "vera"
    """This technique."""
    r: Annotated[int, Field(gt=0)] = 256
    """Rank of the random projections."""
    d_initial: float = 0.1
    """What the vector of the rank begins with."""
    vera_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Dropout on the update's input."""

    def peft_kind(self) -> str:
        """Peft's name."""
        return "VERA"

    def peft_settings(self, model: Model) -> dict[str, Any]:
        """What peft is told."""
        return {
            "r": self.r,
            "d_initial": self.d_initial,
            "vera_dropout": self.vera_dropout,
            "target_modules": self.target_modules,
        }
