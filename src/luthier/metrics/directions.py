"""Which way a metric is better."""

from __future__ import annotations

LOWER = frozenset(
    {"log_loss", "brier", "ece", "hamming_loss", "mse", "rmse", "mae", "loss", "perplexity"}
)
"""Metrics of which less is better; of all others more is."""


def higher_is_better(metric: str) -> bool:
    """Whether more of ``metric`` is better."""
    return metric not in LOWER


def reaches(metric: str, value: float, target: float) -> bool:
    """Whether ``value`` is at least as good as ``target``."""
    return value >= target if higher_is_better(metric) else value <= target
