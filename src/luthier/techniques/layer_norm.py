"""Only the normalisations and the head learn."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from luthier.recipe.registries import TECHNIQUES
from luthier.techniques.technique import Rule, Technique

if TYPE_CHECKING:
    from luthier.models.model import Model


@TECHNIQUES.register
class LayerNorm(Technique):
    """Train scales and shifts of the base's normalisations, and the head (Qi et al. 2022)."""

    needs_base: ClassVar[bool] = True
    rate: ClassVar[float | None] = 1e-2
    source: ClassVar[str] = "Qi et al. 2022, arXiv:2211.08682"

    kind: Literal["layer_norm"] = "layer_norm"
    """This technique."""

    def rules(self, model: Model, progress: float) -> list[Rule]:
        """Only normalisations and the head move."""
        norms = [
            f"{path}.{name}"
            for path, module in model.core.named_modules()
            if "norm" in type(module).__name__.lower()
            for name, _ in module.named_parameters(recurse=False)
        ]
        free = [Rule(name, 1.0) for name in norms or ["*norm*"]]
        return [Rule("*", 0.0), *free, Rule("@head", 1.0)]
