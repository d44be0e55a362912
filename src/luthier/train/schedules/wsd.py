"""Warm-up, stable, decay."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field

from luthier.recipe.registries import SCHEDULES
from luthier.train.schedule import Moment, Schedule


@SCHEDULES.register
class WarmupStableDecay(Schedule):
    """The full rate for most of the time, then down at the end (Hu et al. 2024, MiniCPM).

    Until the decay begins nothing depends on how long training will be, so it suits budgets of
    time, and bases that are to be trained on.
    """

    kind: Literal["wsd"] = "wsd"
    """This schedule."""
    decay: Annotated[float, Field(gt=0, le=1)] = 0.2
    """Share of the steps after warm-up in which the rate falls."""
    floor: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """The factor reached at the end."""
    shape: Literal["linear", "sqrt"] = "sqrt"
    """How it falls: in a straight line, or as 1 - sqrt, fast first (Hägele et al. 2024)."""

    def after_warmup(self, progress: float, moment: Moment) -> float:
        """1, and from 1 - ``decay`` on down to the floor."""
        falling = max(0.0, (progress - (1 - self.decay)) / self.decay)
        fallen = falling if self.shape == "linear" else math.sqrt(falling)
        return 1.0 - (1.0 - self.floor) * min(1.0, fallen)
