"""Gradual unfreezing: the head learns first, then one depth group after another joins it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from luthier.recipe.registries import TECHNIQUES
from luthier.techniques.technique import Rule, Technique, below_head

if TYPE_CHECKING:
    from luthier.models.model import Model


@TECHNIQUES.register
class GradualUnfreeze(Technique):
    """Begin with the head and let lower and lower groups move (Howard and Ruder 2018).

    Until a group is free it keeps its values bit for bit, and neither gradients nor optimizer
    state are computed for it.
    """

    needs_base: ClassVar[bool] = True
    source: ClassVar[str] = "Howard and Ruder 2018, arXiv:1801.06146"

    kind: Literal["gradual_unfreeze"] = "gradual_unfreeze"
    """This technique."""
    until: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Share of training after which everything moves; the groups join at equal distances."""

    def rules(self, model: Model, progress: float) -> list[Rule]:
        """Multiplier 0 for the groups that have not joined yet."""
        waiting = zip(reversed(below_head(model)), self.turns(model), strict=True)
        return [Rule(f"@{name}", 0.0) for name, turn in waiting if progress < turn]

    def turns(self, model: Model) -> Sequence[float]:
        """When each group joins, the uppermost first."""
        count = len(below_head(model))
        return [self.until * (number + 1) / count for number in range(count)]
