"""What the loop tells: logging, progress, checkpoints and reports are its consumers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Event:
    """Something that happened in training."""

    step: int
    """Optimizer steps taken so far."""

    def to_json(self) -> dict[str, Any]:
        """The event as a JSON object with its name."""
        return {"event": type(self).__name__, **asdict(self)}


@dataclass(frozen=True)
class Started(Event):
    """Training begins, or goes on after a resume."""

    total: int
    """Optimizer steps planned."""


@dataclass(frozen=True)
class Reused(Event):
    """What frozen layers give is computed once for every row, with their dropout off."""

    layers: int
    """How many, from the input on."""
    rows: int
    """Training rows that it is known of."""
    computed: int
    """Rows of training and validation that it was computed for now; of the others an earlier run
    had left it."""
    uses: float
    """Passes over the training rows that use it."""
    seconds: float
    """That computing or finding it took."""


@dataclass(frozen=True)
class Stepped(Event):
    """An optimizer step was taken."""

    epoch: float
    """Passes over the data so far."""
    loss: float
    """Mean loss of the step's rows."""
    lr: float
    """Learning rate, before a technique's multiplier."""
    grad_norm: float
    """Global gradient norm before clipping."""
    rows: int
    tokens: int
    """Tokens of the step's rows, without padding."""
    padded: int
    """Tokens computed, padding included."""
    total: int
    """Optimizer steps planned, as it looks now."""
    cosines: dict[str, float] | None = None
    """``TASK TASK`` to the cosine between their gradients, where the task asks for it."""
    reaction: float = 1.0
    """The part of the learning rate's factor by which the schedule answers to how training goes."""
    grown: int = 1
    """How many times as many rows as at first the step had by plan."""


@dataclass(frozen=True)
class Evaluated(Event):
    """Validation was measured."""

    metrics: dict[str, float]
    metric: str
    """The metric that picks the best checkpoint."""
    best: bool
    """Whether it is the best so far."""


@dataclass(frozen=True)
class Sampled(Event):
    """The model made something up, for people to read."""

    texts: list[str]


@dataclass(frozen=True)
class CheckpointDue(Event):
    """The consumer should save the state now."""


@dataclass(frozen=True)
class Stopped(Event):
    """Early stopping ended training."""

    best_step: int


@dataclass(frozen=True)
class Finished(Event):
    """Training is over."""

    best_step: int
    """Step whose weights are kept."""
