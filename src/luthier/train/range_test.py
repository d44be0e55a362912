"""The learning-rate range test: how the loss answers while the rate rises (Smith 2017)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from luthier.core.errors import Diverged
from luthier.train.events import Stepped
from luthier.train.loop import Session, train
from luthier.train.schedule import Moment, Schedule

SMOOTHING = 0.9
"""Share of the running mean of losses that stays at each step."""
EXPLODED = 3.0
"""A smoothed loss over the lowest from which on the test is over."""
FEWEST = 10
"""Steps before which it is not."""
FROM_LOWEST = 4.0
"""The rate of the lowest loss over one that is safe."""


class Rising(Schedule):
    """From a small rate to the full one, by the same factor at every step."""

    kind: str = "rising"
    start: float
    """The factor of the first step."""

    def planned(self, moment: Moment) -> float:
        """A power of ``start`` that falls from 1 to 0."""
        left = 1 - moment.step / max(1, moment.total - 1)
        return math.pow(self.start, left)


@dataclass(frozen=True)
class RangeTest:
    """What a range test measured."""

    rates: list[float]
    losses: list[float]
    """Mean loss of the rows of each step."""
    smoothed: list[float]
    """Their running mean, without its bias to the start."""
    steepest: float
    """The rate at which the loss falls fastest."""
    lowest: float
    """The rate at which the loss is lowest; above it training comes apart."""
    suggested: float
    """A rate to train with."""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


def range_test(session: Session) -> RangeTest:
    """Train while the rate rises, until the loss explodes; the session is of no use afterwards.

    Args:
        session: With a schedule :class:`Rising`, and nothing to evaluate.
    """
    rates: list[float] = []
    losses: list[float] = []
    try:
        for event in train(session):
            if isinstance(event, Stepped):
                rates.append(event.lr)
                losses.append(event.loss)
                mean = smooth(losses)
                if len(mean) > FEWEST and not mean[-1] < EXPLODED * mean.min():
                    break
    except Diverged:
        pass
    return judge_rates(rates, losses)


def smooth(losses: Sequence[float]) -> NDArray[np.float64]:
    """Exponential running mean, corrected for its start: (steps,)."""
    mean, found = 0.0, []
    for step, loss in enumerate(losses, 1):
        mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
        found.append(mean / (1 - SMOOTHING**step))
    return np.array(found)


def judge_rates(rates: Sequence[float], losses: Sequence[float]) -> RangeTest:
    """Read the curve: where it falls fastest, where it is lowest, and what to take.

    The suggestion is a quarter of the rate with the lowest loss, but no more than the one at which
    the loss falls fastest.
    """
    smoothed = smooth(losses)
    low = int(np.argmin(smoothed))
    until = max(2, low + 1)
    slope = np.gradient(smoothed[:until], np.log(np.array(rates[:until])))
    steep = int(np.argmin(slope))
    suggested = min(rates[low] / FROM_LOWEST, rates[steep])
    return RangeTest(
        list(rates), list(losses), smoothed.tolist(), rates[steep], rates[low], rounded(suggested)
    )


def rounded(rate: float) -> float:
    """To one digit, as rates are written."""
    return float(f"{rate:.0e}")
