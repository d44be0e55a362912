"""What was measured: metrics with intervals, per class, confusion, calibration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Estimate:
    """A metric with its bootstrap interval; without resampling the interval is the value."""

    value: float
    low: float
    high: float

    def to_json(self) -> dict[str, float]:
        """``{value, low, high}``."""
        return asdict(self)


@dataclass(frozen=True)
class Difference(Estimate):
    """By how much one set of answers is better than another on the same rows.

    Positive is better, also for metrics of which less is better.
    """

    p: float
    """Two-sided p value of "there is no difference"."""


@dataclass(frozen=True)
class Measures:
    """All that evaluation measured on one set of rows."""

    n: int
    """Rows measured."""
    metrics: dict[str, Estimate]
    """By name; a metric that the rows leave undefined is absent."""
    per_class: list[dict[str, Any]] = field(default_factory=list)
    """``label``, ``precision``, ``recall``, ``f1`` (an estimate), ``support`` of each class."""
    confusion: list[list[int]] = field(default_factory=list)
    """Rows of class i answered as class j."""
    calibration: dict[str, Any] = field(default_factory=dict)
    """``ece`` and ``bins``: ``confidence``, ``accuracy``, ``count`` of each."""
    gains: dict[str, Difference] = field(default_factory=dict)
    """How much better than the best constant answer, paired by row, by metric."""

    def values(self) -> dict[str, float]:
        """The metrics without their intervals."""
        return {name: estimate.value for name, estimate in self.metrics.items()}

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; :meth:`from_json` reads it back."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Measures:
        """The measures that :meth:`to_json` wrote."""
        metrics = {name: Estimate(**estimate) for name, estimate in data["metrics"].items()}
        gains = {name: Difference(**gain) for name, gain in data.get("gains", {}).items()}
        return cls(**{**data, "metrics": metrics, "gains": gains})
