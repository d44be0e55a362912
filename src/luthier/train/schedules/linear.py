"""Linear decay to zero."""

from __future__ import annotations

from typing import Literal

from luthier.recipe.registries import SCHEDULES
from luthier.train.schedule import Moment, Schedule


@SCHEDULES.register
class Linear(Schedule):
    """Warm-up, then a straight line down to 0 (Devlin et al. 2019)."""

    kind: Literal["linear"] = "linear"
    """This schedule."""

    def after_warmup(self, progress: float, moment: Moment) -> float:
        """1 - progress."""
        return 1.0 - progress
