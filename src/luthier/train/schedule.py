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
    """What validation gave so far, oldest first: ``step`` and ``metrics``."""
    losses: Sequence[float] = ()
    """Training losses of the latest steps, oldest first: as many as the schedule's ``memory``."""
    metric: str = ""
    """The validation metric that picks the best weights."""


class Schedule(Config):
    """A learning rate over time: a pure function of the moment.

    After a linear warm-up from near 0 to 1, ``after_warmup`` shapes the rest; what reacts to how
    training goes is a factor of its own on both.
    """

    kind: str
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the steps during which the rate rises from 0 to its full value."""

    @property
    def memory(self) -> int:
        """How many of the latest steps' losses it looks at; the checkpoint keeps so many."""
        return 0

    @property
    def needs_validation(self) -> bool:
        """Whether it goes by what validation gave."""
        return False

    @property
    def watched(self) -> str | None:
        """The validation metric it asks for by name."""
        return None

    def multiplier(self, moment: Moment) -> float:
        """Factor on the learning rate of the step at ``moment``, in [0, 1]."""
        return self.planned(moment) * self.reaction(moment)

    def planned(self, moment: Moment) -> float:
        """The part of the factor that was known before the first step."""
        rising = self.rising(moment)
        if moment.step < rising:
            return (moment.step + 1) / (rising + 1)
        return self.after_warmup((moment.step - rising) / max(1, moment.total - rising), moment)

    def rising(self, moment: Moment) -> int:
        """Steps of the warm-up."""
        return round(self.warmup * moment.total)

    def after_warmup(self, progress: float, moment: Moment) -> float:
        """The factor at ``progress`` (0 to 1) through the steps after warm-up."""
        raise NotImplementedError

    def reaction(self, moment: Moment) -> float:
        """The part of the factor that answers to how training went so far."""
        return 1.0
