"""L2-SP: weights are drawn to where they started, not to zero."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from luthier.core.lazy import lazy
from luthier.recipe.registries import TECHNIQUES
from luthier.techniques.pull import Pull, Spring, moving, started_random
from luthier.techniques.technique import Technique, Work

if TYPE_CHECKING:
    import torch

    from luthier.models.model import Model
    from luthier.techniques.companion import Companion
else:
    torch = lazy("torch")


@TECHNIQUES.register
class L2Sp(Technique):
    """Draw weights to what pre-training gave them (Li et al. 2018)."""

    needs_base: ClassVar[bool] = True
    source: ClassVar[str] = "Li et al. 2018, arXiv:1802.01483"

    kind: Literal["l2_sp"] = "l2_sp"
    """This technique."""
    strength: Annotated[float, Field(ge=0)] = 0.01
    """Of the pull of weights that start from the base: their loss is strength / 2 times the squared
    distance from the start."""
    head: Annotated[float, Field(ge=0)] = 0.01
    """The same of weights that start from chance; they are drawn to 0."""

    def companion(self, model: Model, work: Work) -> Companion:
        """Remembers the start."""
        random = started_random(model)
        return Pull(
            [
                Spring(p, torch.zeros((), device=p.device), self.head)
                if name in random
                else Spring(p, p.detach().clone(), self.strength)
                for name, p in moving(model).items()
            ]
        )
