"""Cosine decay."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field

from luthier.recipe.registries import SCHEDULES
from luthier.train.schedule import Moment, Schedule


@SCHEDULES.register
class Cosine(Schedule):
    """Warm-up, then half a cosine down to a floor (Loshchilov and Hutter 2017, eq. 5)."""

    kind: Literal["cosine"] = "cosine"
    """This schedule."""
    floor: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """The factor reached at the end."""

    def after_warmup(self, progress: float, moment: Moment) -> float:
        """Floor + (1 - floor) (1 + cos(pi progress)) / 2."""
        return self.floor + (1 - self.floor) * 0.5 * (1 + math.cos(math.pi * progress))
