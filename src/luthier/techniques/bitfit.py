"""BitFit: only biases and the head learn."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from luthier.recipe.registries import TECHNIQUES
from luthier.techniques.technique import Rule, Technique

if TYPE_CHECKING:
    from luthier.models.model import Model


@TECHNIQUES.register
class BitFit(Technique):
    """Train the biases of the base, and the head (Ben Zaken et al. 2022).

    Bases without biases, such as Llama and T5, are refused.
    """

    needs_base: ClassVar[bool] = True
    rate: ClassVar[float | None] = 1e-2
    source: ClassVar[str] = "Ben Zaken et al. 2022, arXiv:2106.10199"

    kind: Literal["bitfit"] = "bitfit"
    """This technique."""

    def rules(self, model: Model, progress: float) -> list[Rule]:
        """Only biases and the head move."""
        return [Rule("*", 0.0), Rule(f"{model.core.base_model_prefix}*.bias", 1.0),
                Rule("@head", 1.0)]  # fmt: skip
