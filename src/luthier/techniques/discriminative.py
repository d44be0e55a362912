"""Discriminative learning rates: the deeper the layer, the faster it moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from luthier.recipe.registries import TECHNIQUES
from luthier.techniques.technique import Rule, Technique

if TYPE_CHECKING:
    from luthier.models.model import Model


@TECHNIQUES.register
class Discriminative(Technique):
    """Layer-wise decay of the learning rate from head to input (Howard and Ruder 2018)."""

    source: ClassVar[str] = "Howard and Ruder 2018, arXiv:1801.06146"

    kind: Literal["discriminative"] = "discriminative"
    """This technique."""
    decay: Annotated[float, Field(gt=0, le=1)] = 0.9
    """Factor per depth group below the head: the n-th group under it moves at decay^n."""
    head: Annotated[float, Field(gt=0)] = 1.0
    """Factor of the head itself; above 1 lets a new head catch up."""

    def rules(self, model: Model, progress: float) -> list[Rule]:
        """One rule per depth group."""
        groups = [group.name for group in reversed(model.depth_groups()) if group.parameters]
        rules = [Rule(f"@{name}", self.decay**depth) for depth, name in enumerate(groups)]
        return [*rules, Rule("@head", self.head)]
