"""R-Drop: two passes with different dropout are to answer alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from luthier.core.lazy import lazy
from luthier.recipe.registries import TECHNIQUES
from luthier.techniques.companion import Companion, Pass
from luthier.techniques.technique import Technique, Work

if TYPE_CHECKING:
    from torch import Tensor

    from luthier.models import opinions
    from luthier.models.model import Model
else:
    opinions = lazy("luthier.models.opinions")


@TECHNIQUES.register
class RDrop(Technique):
    """Ask twice with other dropout, and let both answers agree (Liang et al. 2021)."""

    source: ClassVar[str] = "Liang et al. 2021, arXiv:2106.14448"

    kind: Literal["r_drop"] = "r_drop"
    """This technique."""
    alpha: Annotated[float, Field(gt=0)] = 1.0
    """Weight of the disagreement beside the loss. It does nothing where the dropout is 0."""

    def companion(self, model: Model, work: Work) -> Companion:
        """Asks twice."""
        return Agreeing(self.alpha)


class Agreeing(Companion):
    """The mean loss of two passes, and how far their answers are apart both ways."""

    def __init__(self, alpha: float) -> None:
        self._alpha = alpha

    def loss(self, run: Pass, total: Tensor) -> Tensor:
        """The loss with the second pass in it."""
        again = run.again()
        first, second = run.opinions(run.output), run.opinions(again)
        both = opinions.divergence(first, [second]) + opinions.divergence(second, [first])
        mean = (run.loss(again) - run.loss(run.output)) / 2
        return total + mean + self._alpha * both / 2 * run.weight
