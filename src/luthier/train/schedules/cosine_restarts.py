"""Cosine decay with warm restarts."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field

from luthier.recipe.registries import SCHEDULES
from luthier.train.schedule import Moment, Schedule


@SCHEDULES.register
class CosineRestarts(Schedule):
    """Warm-up, then half cosines one after another, each from the full rate (SGDR).

    Source: Loshchilov and Hutter 2017, eq. 5 with restarts.
    """

    kind: Literal["cosine_restarts"] = "cosine_restarts"
    """This schedule."""
    cycles: Annotated[int, Field(gt=0)] = 3
    """How many cosines the steps after warm-up have."""
    growth: Annotated[float, Field(gt=0)] = 1.0
    """How many times as long as the one before each cosine is; the paper's T_mult."""
    floor: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """The factor reached at the end of each cosine."""

    def after_warmup(self, progress: float, moment: Moment) -> float:
        """Floor + (1 - floor) (1 + cos(pi p)) / 2 with p the progress through the own cycle."""
        lengths = [self.growth**cycle for cycle in range(self.cycles)]
        place = progress * sum(lengths)
        for length in lengths[:-1]:
            if place < length:
                break
            place -= length
        else:
            length = lengths[-1]
        through = min(1.0, place / length)
        return self.floor + (1 - self.floor) * 0.5 * (1 + math.cos(math.pi * through))
