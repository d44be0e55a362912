"""Cross-entropy over a large vocabulary that never holds the whole table of logits.

A batch of 8,192 tokens over 32,000 pieces has a gigabyte of fp32 logits, and as much again for
their gradient. Here the tokens are taken in chunks: of each the logits, its part of the loss and
at once its part of both gradients are computed, and the logits are let go (as in Wijmans et al.
2024, section 4, and Liger-Kernel's fused linear cross-entropy). On a processor the chunks are small
enough for its cache, so it takes no longer than the plain loss.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

IGNORED = -100
"""Label of a token that is not trained."""

MOST_LOGITS = {"cpu": 2**22, "cuda": 2**27}
"""Logits that are held at a time: 16 MiB, and 512 MiB where many small products would cost more
to start than to compute."""

LEAST = 1e-30
"""Chance below which its logarithm is no longer exact."""


@dataclass(frozen=True)
class Deferred:
    """Logits that are not computed yet: what the output layer was given, and the layer itself."""

    hidden: Tensor
    """(..., width) what the output layer reads."""
    weight: Tensor
    """(vocabulary, width)."""
    bias: Tensor | None
    """(vocabulary,) or None."""
    dtype: torch.dtype
    """In which the products are to be computed."""

    def logits(self) -> Tensor:
        """The logits: (..., vocabulary)."""
        bias = None if self.bias is None else self.bias.to(self.dtype)
        hidden, weight = self.hidden.to(self.dtype), self.weight.to(self.dtype)
        return functional.linear(hidden, weight, bias)


class _Summed(torch.autograd.Function):
    """Sum of the cross-entropies of hidden (tokens, width) for labels (tokens,)."""

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor | None, labels: Tensor,
        dtype: torch.dtype, smoothing: float,
    ) -> Tensor:  # fmt: skip
        total = hidden.new_zeros((), dtype=torch.float32)
        d_hidden = torch.empty_like(hidden)
        d_weight = torch.zeros_like(weight)
        d_bias = None if bias is None else torch.zeros_like(bias)
        cast = weight.to(dtype)
        step = _tokens_at_a_time(weight)
        for start in range(0, len(hidden), step):
            part = hidden[start : start + step].to(dtype)
            wanted = labels[start : start + step].unsqueeze(1)
            logits = _logits(part, cast, bias)
            chances = torch.softmax(logits, 1)
            total += _surprise(logits, chances, wanted).sum()
            chances.scatter_add_(1, wanted, chances.new_full(wanted.shape, smoothing - 1.0))
            if smoothing:
                total += smoothing * (logits.gather(1, wanted) - logits.mean(1, True)).sum()
                chances -= smoothing / logits.shape[1]
            gradient = chances.to(dtype)
            d_hidden[start : start + step] = gradient @ cast
            if dtype == d_weight.dtype:
                d_weight.addmm_(gradient.t(), part)
            else:
                d_weight += gradient.t() @ part
            if d_bias is not None:
                d_bias += chances.sum(0)
        ctx.save_for_backward(d_hidden, d_weight, d_bias)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        scale = gradients[0]
        found = [None if kept is None else kept * scale for kept in ctx.saved_tensors]
        return (*found, None, None, None)


def _surprise(logits: Tensor, chances: Tensor, wanted: Tensor) -> Tensor:
    """The negative logarithm of the chance of the wanted: (tokens, 1)."""
    own = chances.gather(1, wanted)
    losses = -own.log()
    rare = (own < LEAST)[:, 0]
    if bool(rare.any()):
        losses[rare] = _exact(logits[rare], wanted[rare])
    return losses


def _exact(logits: Tensor, wanted: Tensor) -> Tensor:
    """The same from the logits alone, however small the chance is: (tokens, 1)."""
    return torch.logsumexp(logits, 1, keepdim=True) - logits.gather(1, wanted)


def cross_entropy(output: Tensor | Deferred, labels: Tensor, *, smoothing: float = 0.0) -> Tensor:
    """The sum of the cross-entropies of all tokens that have a label.

    Args:
        output: Logits (..., vocabulary), or what they are to be computed from.
        labels: (...), ``IGNORED`` where there is none.
        smoothing: Share of each truth that is spread over the vocabulary (Szegedy et al. 2016).
    """
    if isinstance(output, Tensor):
        flat = output.flatten(0, -2).float()
        return functional.cross_entropy(
            flat, labels.flatten(), ignore_index=IGNORED, reduction="sum",
            label_smoothing=smoothing,
        )  # fmt: skip
    hidden, wanted = _wanted(output, labels)
    summed: Tensor = _Summed.apply(  # type: ignore[no-untyped-call]
        hidden, output.weight, output.bias, wanted, output.dtype, smoothing
    )
    return summed


def token_losses(output: Tensor | Deferred, labels: Tensor) -> Tensor:
    """The cross-entropy of every token, in the shape of ``labels``; 0 where there is no label.

    Without gradients. The arguments are those of :func:`cross_entropy`.
    """
    where = output.device if isinstance(output, Tensor) else output.hidden.device
    labels = labels.to(where)
    losses = torch.zeros(labels.shape, device=where)
    with torch.no_grad():
        if isinstance(output, Tensor):
            flat = output.flatten(0, -2).float()
            found = functional.cross_entropy(
                flat, labels.flatten(), ignore_index=IGNORED, reduction="none"
            )
            return found.view(labels.shape)
        hidden, wanted = _wanted(output, labels)
        losses[labels != IGNORED] = _each(output, hidden, wanted)
    return losses


def _wanted(output: Deferred, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Hidden vectors and labels of the tokens that have one."""
    has = labels != IGNORED
    if bool(has.all()):
        return output.hidden.flatten(0, -2), labels.flatten()
    return output.hidden[has], labels[has]


def _each(output: Deferred, hidden: Tensor, labels: Tensor) -> Tensor:
    weight = output.weight.to(output.dtype)
    step = _tokens_at_a_time(weight)
    losses = []
    for start in range(0, len(hidden), step):
        logits = _logits(hidden[start : start + step].to(output.dtype), weight, output.bias)
        wanted = labels[start : start + step].unsqueeze(1)
        losses.append(_exact(logits, wanted)[:, 0])
    return torch.cat(losses) if losses else hidden.new_zeros(0, dtype=torch.float32)


def _tokens_at_a_time(weight: Tensor) -> int:
    most = MOST_LOGITS.get(weight.device.type, MOST_LOGITS["cpu"])
    return max(1, most // len(weight))


def _logits(hidden: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Logits of a chunk, in fp32: (tokens, vocabulary)."""
    logits = (hidden @ weight.t()).float()
    return logits if bias is None else logits.add_(bias.float())
