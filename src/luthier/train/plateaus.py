"""How often validation stood still: what reduces rates and lets batches grow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from luthier.core.lazy import lazy

if TYPE_CHECKING:
    from luthier import metrics
else:
    metrics = lazy("luthier.metrics")


def plateaus(
    evaluations: Sequence[dict[str, Any]],
    metric: str,
    *,
    patience: int,
    min_delta: float = 0.0,
    cooldown: int = 0,
) -> int:
    """How many times a metric did not improve for more than ``patience`` evaluations in a row.

    After each such time the count begins anew. The rule is that of torch's
    ``ReduceLROnPlateau`` with an absolute threshold.

    Args:
        evaluations: Oldest first: each with ``metrics``.
        metric: Which of them; evaluations that lack it, or where it is undefined, do not improve.
        patience: Evaluations without improvement that are let pass.
        min_delta: Smallest change that counts as improvement.
        cooldown: Evaluations after a plateau that are not counted.
    """
    sign = 1 if metrics.higher_is_better(metric) else -1
    best, without, resting, found = float("-inf"), 0, 0, 0
    for evaluation in evaluations:
        value = evaluation["metrics"].get(metric)
        if value is not None and sign * value > best + min_delta:
            best, without = sign * value, 0
        else:
            without += 1
        if resting:
            resting, without = resting - 1, 0
        if without > patience:
            found, without, resting = found + 1, 0, cooldown
    return found
