"""Polynomial decay."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from luthier.recipe.registries import SCHEDULES
from luthier.train.schedule import Moment, Schedule


@SCHEDULES.register
class Polynomial(Schedule):
    """Warm-up, then a power of what is left of the steps, down to a floor."""

    kind: Literal["polynomial"] = "polynomial"
    """This schedule."""
    power: Annotated[float, Field(gt=0)] = 2.0
    """1 is a straight line; above 1 the rate falls early, below 1 late."""
    floor: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """The factor reached at the end."""

    def after_warmup(self, progress: float, moment: Moment) -> float:
        """Floor + (1 - floor) (1 - progress) ** power."""
        left: float = (1 - min(1.0, progress)) ** self.power
        return self.floor + (1 - self.floor) * left
