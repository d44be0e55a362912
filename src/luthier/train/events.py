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
