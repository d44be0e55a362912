"""Which way a metric is better."""

from __future__ import annotations

from luthier.core.errors import RecipeError
from luthier.core.names import nearest

MORE = frozenset(
    {
        "accuracy", "balanced_accuracy", "mcc", "roc_auc", "roc_auc_macro", "average_precision",
        "average_precision_macro", "f1_samples",
        *(f"{kind}_{mean}" for kind in ("precision", "recall", "f1")
          for mean in ("macro", "micro", "weighted")),
        "r2", "pearson", "spearman", "quadratic_kappa",
        "mean", "exact_match", "precision", "recall", "f1", "has_answer_f1",
        "no_answer_accuracy",
        "bleu", "chrf", "rouge1", "rouge2", "rougeL", "ended", "uas", "las",
        "clas", "las_full", "complete_match", "knn_accuracy",
    }
)  # fmt: skip
"""Metrics of which more is better."""

LESS = frozenset(
    {
        "log_loss",
        "brier",
        "ece",
        "hamming_loss",
        "mse",
        "rmse",
        "mae",
        "loss",
        "perplexity",
        "bits_per_byte",
        "repetition",
    }
)
"""Metrics of which less is better."""


POINTS = frozenset({"bleu", "chrf"})
"""Metrics between 0 and 100, as everyone tells them."""


def higher_is_better(metric: str) -> bool:
    """Whether more of ``metric`` is better; what stands before a ``/`` names its task.

    Raises:
        RecipeError: If the name is neither in ``MORE`` nor in ``LESS``; with the nearest one.
    """
    name = metric.rpartition("/")[2]
    if name in MORE or name in LESS:
        return name in MORE
    near = nearest(name, MORE | LESS)
    raise RecipeError(
        "There is no metric '{name}'.",
        hint="Did you mean '{near}'?" if near else None,
        name=metric,
        near=near,
    )


def scale(metric: str) -> float:
    """What a metric is at most: 100 for those that are told in points, else 1."""
    return 100.0 if metric.rpartition("/")[2] in POINTS else 1.0


def reaches(metric: str, value: float, target: float) -> bool:
    """Whether ``value`` is at least as good as ``target``."""
    return value >= target if higher_is_better(metric) else value <= target
