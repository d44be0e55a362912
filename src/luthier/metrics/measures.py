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
class Measures:
    """All that evaluation measured on one set of rows."""

    n: int
    """Rows measured."""
    metrics: dict[str, Estimate]
    per_class: list[dict[str, Any]] = field(default_factory=list)
    """``label``, ``precision``, ``recall``, ``f1`` (an estimate), ``support`` of each class."""
    confusion: list[list[int]] = field(default_factory=list)
    """Rows of class i answered as class j."""
    calibration: dict[str, Any] = field(default_factory=dict)
    """``ece`` and ``bins``: ``confidence``, ``accuracy``, ``count`` of each."""

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
        return cls(**{**data, "metrics": metrics})
