"""The contract of a learning-rate schedule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from luthier.core.config import Config


@dataclass(frozen=True)
class Moment:
    """Where training stands when a step is about to be taken."""

    step: int
    """Optimizer steps already taken."""
    total: int
    """Optimizer steps planned."""
    evaluations: Sequence[dict[str, Any]] = ()
    """What validation gave so far, oldest first."""


class Schedule(Config):
    """A learning rate over time: a pure function of the moment.

    After a linear warm-up from near 0 to 1, ``after_warmup`` shapes the rest.
    """

    kind: str
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the steps during which the rate rises from 0 to its full value."""

    def multiplier(self, moment: Moment) -> float:
        """Factor on the learning rate of the step at ``moment``, in [0, 1]."""
        rising = round(self.warmup * moment.total)
        if moment.step < rising:
            return (moment.step + 1) / (rising + 1)
        return self.after_warmup((moment.step - rising) / max(1, moment.total - rising), moment)

    def after_warmup(self, progress: float, moment: Moment) -> float:
        """The factor at ``progress`` (0 to 1) through the steps after warm-up."""
        raise NotImplementedError
