"""The rate falls when validation stands still."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from luthier.recipe.registries import SCHEDULES
from luthier.train.plateaus import plateaus
from luthier.train.schedule import Moment, Schedule


@SCHEDULES.register
class Plateau(Schedule):
    """Warm-up, then the full rate, cut each time validation no longer improves.

    The rule of torch's ``ReduceLROnPlateau``, as a function of the evaluations so far.
    """

    kind: Literal["plateau"] = "plateau"
    """This schedule."""
    factor: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """What the rate is multiplied by at each plateau."""
    patience: Annotated[int, Field(ge=0)] = 1
    """Evaluations without improvement that are let pass; one more is a plateau. Early stopping
    should wait longer."""
    min_delta: Annotated[float, Field(ge=0)] = 0.0
    """Smallest change of the metric that counts as improvement."""
    cooldown: Annotated[int, Field(ge=0)] = 0
    """Evaluations after a cut that are not counted."""
    floor: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """The factor is never less."""
    metric: str | None = None
    """Validation metric to watch, e.g. `loss`; default: the one that picks the best weights."""

    @property
    def needs_validation(self) -> bool:
        """Always."""
        return True

    @property
    def watched(self) -> str | None:
        """What ``metric`` says."""
        return self.metric

    def after_warmup(self, progress: float, moment: Moment) -> float:
        """Always 1."""
        return 1.0

    def reaction(self, moment: Moment) -> float:
        """Factor to the power of the plateaus so far, but not less than the floor."""
        if not moment.evaluations:
            return 1.0
        found = plateaus(
            moment.evaluations, self.metric or moment.metric,
            patience=self.patience, min_delta=self.min_delta, cooldown=self.cooldown,
        )  # fmt: skip
        return max(self.floor, self.factor**found)
