"""The rate backs off for a while where the training loss jumps."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from luthier.core.registry import Registered
from luthier.recipe.registries import SCHEDULES
from luthier.train.schedule import Moment, Schedule

STEADY = 1e-3
"""Spread of the losses, as a share of their median, below which they count as level."""


@SCHEDULES.register
class Backoff(Schedule):
    """Another schedule, whose rate is cut after a spike of the training loss and then returns.

    A spike is a loss above the median of the steps before it by ``threshold`` times their spread
    (the median distance from the median, which spikes hardly move).
    """

    kind: Literal["backoff"] = "backoff"
    """This schedule."""
    schedule: Annotated[Any, Registered(SCHEDULES, default="linear")] = Field(
        default={"kind": "linear", "warmup": 0.1}, validate_default=True
    )
    """The schedule followed but for spikes; its warm-up is the one that counts."""
    factor: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """What the rate is multiplied by after a spike."""
    threshold: Annotated[float, Field(gt=0)] = 6.0
    """How many spreads above the median a loss is a spike."""
    window: Annotated[int, Field(ge=5)] = 20
    """Steps before a loss that it is compared with."""
    recover: Annotated[int, Field(gt=0)] = 20
    """Steps over which the rate returns in a straight line."""

    @property
    def memory(self) -> int:
        """The steps of the recovery, each with its window, or what the other one looks at."""
        return max(self.window + self.recover, int(self.schedule.memory))

    @property
    def needs_validation(self) -> bool:
        """As the other schedule."""
        return bool(self.schedule.needs_validation)

    @property
    def watched(self) -> str | None:
        """As the other schedule."""
        metric: str | None = self.schedule.watched
        return metric

    def planned(self, moment: Moment) -> float:
        """As the other schedule."""
        return float(self.schedule.planned(moment))

    def reaction(self, moment: Moment) -> float:
        """The other's reaction, times a factor for each spike from which the rate has to return."""
        factor = float(self.schedule.reaction(moment))
        losses = list(moment.losses)[-(self.window + self.recover) :]
        for place in range(self.window, len(losses)):
            if self._spike(losses[place - self.window : place], losses[place]):
                age = len(losses) - 1 - place
                factor *= self.factor + (1 - self.factor) * age / self.recover
        return factor

    def _spike(self, before: Sequence[float], loss: float) -> bool:
        middle = statistics.median(before)
        spread = statistics.median(abs(value - middle) for value in before)
        return loss > middle + self.threshold * max(spread, STEADY * abs(middle))
