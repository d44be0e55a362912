"""Losses of classifiers as sums and the weights they are sums over.

Sums and weights add up over micro-batches, so that their ratio is that of one large batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from luthier.core.lazy import lazy

if TYPE_CHECKING:
    import torch
    from torch import Tensor
else:
    torch = lazy("torch")


def balanced_weights(counts: Mapping[str, int], labels: Sequence[str]) -> list[float]:
    """Rows / (classes * rows of the class), as scikit-learn's ``balanced`` (King & Zeng 2001).

    A class without rows weighs 1: there is nothing to weigh.
    """
    total, classes = sum(counts.values()), len(labels)
    return [total / (classes * counts[label]) if counts.get(label) else 1.0 for label in labels]


def positive_weights(counts: Mapping[str, int], labels: Sequence[str], rows: int) -> list[float]:
    """Rows without the label / rows with it, so that both sides of each label weigh the same."""
    return [
        (rows - counts[label]) / counts[label] if 0 < counts.get(label, 0) < rows else 1.0
        for label in labels
    ]


def one_class(
    logits: Tensor, labels: Tensor, *, weight: Tensor | None = None, smoothing: float = 0.0
) -> tuple[Tensor, float]:
    """Cross-entropy, and the class weights of the rows, as torch's mean divides by.

    Args:
        logits: (rows, classes).
        labels: (rows,) indices.
        weight: (classes,); None: 1 each.
        smoothing: Share of each row's truth spread over all classes (Szegedy et al. 2016).
    """
    total = torch.nn.functional.cross_entropy(
        logits, labels, weight=weight, label_smoothing=smoothing, reduction="sum"
    )
    return total, _weight_of(labels, weight)


def one_class_focal(
    logits: Tensor, labels: Tensor, *, gamma: float, weight: Tensor | None = None
) -> tuple[Tensor, float]:
    """Cross-entropy of each row times (1 - p)**gamma, p its true class's probability.

    Lin et al. 2017, with their alpha as ``weight``; ``gamma`` 0 is :func:`one_class`. Takes
    what :func:`one_class` does.
    """
    log_p = logits.log_softmax(-1).gather(-1, labels.unsqueeze(-1)).squeeze(-1)
    # At p = 1 the gradient of the power would be infinite for gamma < 1.
    missed = (-torch.expm1(log_p)).clamp_min(torch.finfo(log_p.dtype).tiny)
    terms = -log_p * missed.pow(gamma)
    if weight is not None:
        terms = terms * weight[labels]
    return terms.sum(), _weight_of(labels, weight)


def many_classes(
    logits: Tensor,
    labels: Tensor,
    *,
    weight: Tensor | None = None,
    smoothing: float = 0.0,
    gamma: float | None = None,
) -> tuple[Tensor, float]:
    """Binary cross-entropy of every class of every row, and the number of these terms.

    Args:
        logits: (rows, classes).
        labels: (rows, classes) of 0 and 1.
        weight: (classes,) of the terms where the label is 1; None: 1 each.
        smoothing: Share of each truth moved half way to the other side.
        gamma: Focal loss's exponent; None: plain.
    """
    soft = labels * (1 - smoothing) + smoothing / 2 if smoothing else labels
    terms = torch.nn.functional.binary_cross_entropy_with_logits(
        logits, soft, pos_weight=weight, reduction="none"
    )
    if gamma is not None:
        log_p = torch.nn.functional.logsigmoid(torch.where(labels > 0.5, logits, -logits))
        missed = (-torch.expm1(log_p)).clamp_min(torch.finfo(log_p.dtype).tiny)
        terms = terms * missed.pow(gamma)
    return terms.sum(), float(labels.numel())


def _weight_of(labels: Tensor, weight: Tensor | None) -> float:
    return float(labels.numel()) if weight is None else float(weight[labels].sum())
