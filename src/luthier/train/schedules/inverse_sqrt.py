"""Decay with the inverse square root of the steps."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field

from luthier.recipe.registries import SCHEDULES
from luthier.train.schedule import Moment, Schedule


@SCHEDULES.register
class InverseSqrt(Schedule):
    """Warm-up, then the inverse square root of the steps (Vaswani et al. 2017, eq. 3).

    It never reaches 0, and does not need to know how long training will last.
    """

    kind: Literal["inverse_sqrt"] = "inverse_sqrt"
    """This schedule."""
    timescale: Annotated[int, Field(gt=0)] | None = None
    """Steps after the warm-up until the rate is 1 / sqrt(2) of the full one; default: as many as
    the warm-up has, and without warm-up a tenth of all."""

    def after_warmup(self, progress: float, moment: Moment) -> float:
        """Sqrt(timescale / (timescale + steps since the warm-up))."""
        rising = self.rising(moment)
        scale = self.timescale or rising or max(1, round(0.1 * moment.total))
        return math.sqrt(scale / (scale + max(0, moment.step - rising)))
