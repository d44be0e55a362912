"""SWA: the plain mean of the weights in the last part of training is measured and kept."""

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
class Swa(Technique):
    """Measure and keep the mean of the weights of the last part (Izmailov et al. 2018)."""

    source: ClassVar[str] = "Izmailov et al. 2018, arXiv:1803.05407"

    kind: Literal["swa"] = "swa"
    """This technique."""
    start: Annotated[float, Field(ge=0, lt=1)] = 0.5
    """Share of training behind which weights go into the mean. Take `training.schedule` constant:
    means of weights that hardly move are of no use."""
    every: Annotated[int, Field(gt=0)] = 10
    """Optimizer steps from one that goes in to the next."""

    def companion(self, model: Model, work: Work) -> Companion:
        """Keeps the mean."""
        return Mean(model, self)


class Mean(Averaged):
    """The plain one."""

    def __init__(self, model: Model, settings: Swa) -> None:
        super().__init__(model)
        self._settings = settings

    def share(self, progress: float, step: int, taken: int) -> float:
        """1 / how many are then in it, for the steps that go in."""
        goes_in = progress > self._settings.start and step % self._settings.every == 0
        return 1 / (taken + 1) if goes_in else 0.0
