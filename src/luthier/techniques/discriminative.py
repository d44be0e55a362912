"""Discriminative learning rates: the deeper the layer, the faster it moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from luthier.recipe.registries import TECHNIQUES
from luthier.techniques.technique import Rule, Technique

if TYPE_CHECKING:
    from luthier.models.model import Model

Factor = Annotated[float, Field(gt=0)]


@TECHNIQUES.register
class Discriminative(Technique):
    """Layer-wise decay of the learning rate from head to input (Howard and Ruder 2018)."""

    source: ClassVar[str] = "Howard and Ruder 2018, arXiv:1801.06146"

    kind: Literal["discriminative"] = "discriminative"
    """This technique."""
    decay: Annotated[float, Field(gt=0, le=1)] = 0.9
    """Factor per depth group below the head: the n-th group under it moves at decay^n."""
    head: Factor = 1.0
    """Factor of the head itself; above 1 lets a new head catch up."""
    rates: dict[str, Factor] = {}
    """Pattern to a factor of its own, in place of the one by depth: a group such as `@layer.2`, a
    shell pattern such as `*.LayerNorm.*`, or `re:` and a regular expression. The last that
    matches counts."""

    def rules(self, model: Model, progress: float) -> list[Rule]:
        """One rule per depth group, then those by pattern."""
        groups = [group.name for group in reversed(model.depth_groups()) if group.parameters]
        rules = [Rule(f"@{name}", self.decay**depth) for depth, name in enumerate(groups)]
        named = [Rule(pattern, factor) for pattern, factor in self.rates.items()]
        return [*rules, Rule("@head", self.head), *named]
