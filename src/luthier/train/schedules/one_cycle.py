"""One cycle: up, and far down."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field

from luthier.recipe.registries import SCHEDULES
from luthier.train.schedule import Moment, Schedule


@SCHEDULES.register
class OneCycle(Schedule):
    """Half a cosine up to the full rate, then half a cosine far down (Smith and Topin 2018).

    The numbers are those of torch's ``OneCycleLR``; the momentum is left as it is.
    """

    kind: Literal["one_cycle"] = "one_cycle"
    """This schedule."""
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.3
    """Share of the steps during which the rate rises."""
    start: Annotated[float, Field(gt=0, le=1)] = 0.04
    """The factor of the first step."""
    end: Annotated[float, Field(ge=0, lt=1)] = 4e-6
    """The factor of the last step."""

    def planned(self, moment: Moment) -> float:
        """Half a cosine from ``start`` to 1, then half a cosine from 1 to ``end``."""
        last = max(1, moment.total - 1)
        top = min(max(0.0, self.warmup * moment.total - 1), last - 0.5)
        if moment.step < top:
            return _between(self.start, 1.0, moment.step / top)
        return _between(1.0, self.end, min(1.0, (moment.step - top) / (last - top)))


def _between(first: float, last: float, progress: float) -> float:
    """Half a cosine from one value to another."""
    return last + (first - last) * 0.5 * (1 + math.cos(math.pi * progress))
