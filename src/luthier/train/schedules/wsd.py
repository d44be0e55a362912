"""Warm-up, stable, decay."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field

from luthier.recipe.registries import SCHEDULES
from luthier.train.schedule import Moment, Schedule


@SCHEDULES.register
class WarmupStableDecay(Schedule):
    """Warm-up, the full rate for most steps, then a short decay (Hu et al. 2024, MiniCPM).

    What was trained at the full rate can be trained on; only the decay is of one length of
    training. The shape ``sqrt`` is that of Hägele et al. 2024.
    """

    kind: Literal["wsd"] = "wsd"
    """This schedule."""
    decay: Annotated[float, Field(gt=0, le=1)] = 0.2
    """Share of all steps, the last ones, during which the rate falls."""
    shape: Literal["linear", "cosine", "sqrt"] = "linear"
    """How it falls: 1 - p, half a cosine, or 1 - sqrt(p), with p the progress of the decay."""
    floor: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """The factor reached at the end."""

    def after_warmup(self, progress: float, moment: Moment) -> float:
        """1 until the decay begins, then its shape down to the floor."""
        falling = max(1, round(self.decay * moment.total))
        falling = min(falling, moment.total - self.rising(moment))
        through = 1 - (moment.total - moment.step) / max(1, falling)
        if through <= 0:
            return 1.0
        left = {
            "linear": 1 - through,
            "cosine": 0.5 * (1 + math.cos(math.pi * through)),
            "sqrt": 1 - math.sqrt(through),
        }
        return self.floor + (1 - self.floor) * left[self.shape]
