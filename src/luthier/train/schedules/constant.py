"""A constant learning rate."""

from __future__ import annotations

from typing import Literal

from luthier.recipe.registries import SCHEDULES
from luthier.train.schedule import Moment, Schedule


@SCHEDULES.register
class Constant(Schedule):
    """Warm-up, then the full rate to the end."""

    kind: Literal["constant"] = "constant"
    """This schedule."""

    def after_warmup(self, progress: float, moment: Moment) -> float:
        """Always 1."""
        return 1.0
