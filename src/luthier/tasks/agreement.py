"""What the gradients of tasks that share a base have to do with each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Agreement:
    """How the gradients of several tasks stand to each other in a step."""

    cosines: Mapping[str, float]
    """``TASK TASK`` to the cosine of the angle between their gradients of shared weights."""
    norms: Mapping[str, float]
    """Task to the L2 norm of its gradient of shared weights."""
