"""Gradual freezing: everything learns first, then one depth group after another is done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from luthier.recipe.registries import TECHNIQUES
from luthier.techniques.technique import Rule, Technique, below_head

if TYPE_CHECKING:
    from luthier.models.model import Model


@TECHNIQUES.register
class GradualFreeze(Technique):
    """Begin with everything and freeze the groups from the input up (Brock et al. 2017).

    Lower layers settle earlier; once a group and all below it are frozen, the backward pass ends
    above them.
    """

    source: ClassVar[str] = "Brock et al. 2017, arXiv:1706.04983"

    kind: Literal["gradual_freeze"] = "gradual_freeze"
    """This technique."""
    begin: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Share of training after which the lowest group is frozen; the others follow at equal
    distances up to the end, and the head stays free."""

    def rules(self, model: Model, progress: float) -> list[Rule]:
        """Multiplier 0 for the groups that are done."""
        done = zip(below_head(model), self.turns(model), strict=True)
        return [Rule(f"@{name}", 0.0) for name, turn in done if progress >= turn]

    def turns(self, model: Model) -> Sequence[float]:
        """When each group is frozen, the lowest first."""
        count = len(below_head(model))
        return [self.begin + (1 - self.begin) * number / count for number in range(count)]
