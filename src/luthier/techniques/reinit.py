"""Re-initialisation: the uppermost layers of the base begin anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from luthier.core.errors import RecipeError
from luthier.recipe.registries import TECHNIQUES
from luthier.techniques.technique import Technique, Work

if TYPE_CHECKING:
    from luthier.models.model import Model


@TECHNIQUES.register
class Reinit(Technique):
    """Give the top layers of the base new random weights (Zhang et al. 2021).

    The uppermost layers are the most bound to what pre-training asked for; with few rows a start
    from random ones is often better and varies less from seed to seed.
    """

    needs_base: ClassVar[bool] = True
    changes_base: ClassVar[bool] = True
    source: ClassVar[str] = "Zhang et al. 2021, arXiv:2006.05987"

    kind: Literal["reinit"] = "reinit"
    """This technique."""
    top: Annotated[int, Field(gt=0)] = 1
    """How many layers, from the head down; what the base applies after its last layer (pooler,
    last normalisation) goes with them."""

    def apply(self, model: Model, work: Work) -> None:
        """Draw the weights as the architecture does for a new model."""
        layers = [g for g in model.depth_groups() if g.name.startswith("layer.") and g.parameters]
        if self.top > len(layers):
            raise RecipeError(
                "reinit: top is {top}, but the base has {count} layers.",
                hint="Use at most {count}.",
                top=self.top,
                count=len(layers),
            )
        model.initialise(name for group in layers[-self.top :] for name in group.parameters)
