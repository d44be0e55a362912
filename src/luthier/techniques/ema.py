"""EMA: an average of the weights that forgets old ones is measured and kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from luthier.recipe.registries import TECHNIQUES
from luthier.techniques.averaged import Averaged
from luthier.techniques.technique import Technique, Work

if TYPE_CHECKING:
    from luthier.models.model import Model
    from luthier.techniques.companion import Companion


@TECHNIQUES.register
class Ema(Technique):
    """Measure and keep an exponential moving average of the weights (Polyak and Juditsky 1992)."""

    source: ClassVar[str] = (
        "Polyak and Juditsky 1992; Morales-Brotons et al. 2024, arXiv:2411.18704"
    )

    kind: Literal["ema"] = "ema"
    """This technique."""
    decay: Annotated[float, Field(gt=0, lt=1)] = 0.99
    """Share of the old average that stays at each step: 0.99 is about the last 100 steps. In the
    first steps it is lower: (1 + step) / (10 + step)."""

    def companion(self, model: Model, work: Work) -> Companion:
        """Keeps the average."""
        return Moving(model, self.decay)


class Moving(Averaged):
    """The exponential one."""

    def __init__(self, model: Model, decay: float) -> None:
        super().__init__(model)
        self._decay = decay

    def share(self, progress: float, step: int, taken: int) -> float:
        """1 - decay, more in the first steps."""
        return 1 - min(self._decay, (1 + step) / (10 + step))
