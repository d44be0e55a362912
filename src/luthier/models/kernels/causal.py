"""Causal attention of short documents on a CPU, forward and backward written out.

torch's fused CPU attention computes with dropout, or backward, far below the speed of plain
products. Here a few queries at a time meet the keys up to their own place and none beyond, so half
of the products of a full table are never made, and what is in hand fits into a core's cache.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from luthier.models.kernels.dropout import LEVELS, keep_mask

QUERIES = 128
"""Queries that meet their keys at a time."""

IN_HAND = 2**17
"""Scores in hand at a time: half a megabyte."""

SHORT, LONG = 256, 768
"""Lengths of documents from and to which these products take less time than torch's attention;
beyond, keeping the probabilities for the way back would take much memory, too."""


def attend_causally(q: Tensor, k: Tensor, v: Tensor, *, scale: float, dropout: float) -> Tensor:
    """softmax(scale * q k^T) v over keys up to each query's place, (batch, heads, length, size).

    The fastest way is taken. With dropout of the probabilities (Vaswani et al. 2017).

    Args:
        q: (batch, heads, length, size).
        k: The same.
        v: The same.
        scale: Of the scores.
        dropout: Probability of each probability to count as 0.
    """
    length = q.size(2)
    drops = round(dropout * LEVELS) > 0
    if (
        q.device.type == "cpu" and q.dtype == torch.float32 and length <= LONG
        and (drops or length >= SHORT)
    ):  # fmt: skip
        out: Tensor = _Causal.apply(q, k, v, scale, dropout)  # type: ignore[no-untyped-call]
        return out
    return functional.scaled_dot_product_attention(
        q, k, v, dropout_p=dropout, scale=scale, is_causal=True
    )


class _Causal(torch.autograd.Function):
    """In fp32, also where autocast takes the products around it in bf16."""

    @staticmethod
    @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.float32)  # type: ignore[untyped-decorator]
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, scale: float, p: float) -> Tensor:
        shape = q.shape
        q, k, v = (q * scale).flatten(0, 1), k.flatten(0, 1), v.flatten(0, 1)
        out = torch.empty_like(q)
        beyond = q.new_full((QUERIES, QUERIES), -torch.inf).triu_(1)
        kept = []
        drops = round(p * LEVELS) > 0
        ctx.rescale = 1.0
        for rows, start, end in _parts(*q.shape[:2]):
            scores = torch.bmm(q[rows, start:end], k[rows, :end].transpose(1, 2))
            scores[:, :, start:] += beyond[: end - start, : end - start]
            weights = torch.softmax(scores, -1)
            kept.append(weights)
            if drops:
                keep, ctx.rescale = keep_mask(weights, p)
                kept.append(keep)
                weights = weights * keep
            torch.bmm(weights, v[rows, :end], out=out[rows, start:end])
        ctx.save_for_backward(q, k, v, *kept)
        ctx.shape, ctx.scale, ctx.drops = shape, scale, drops
        return out.mul_(ctx.rescale).view(shape)

    @staticmethod
    @torch.amp.custom_bwd(device_type="cpu")  # type: ignore[untyped-decorator]
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        q, k, v, *saved = ctx.saved_tensors
        kept = iter(saved)
        given = gradients[0].flatten(0, 1) * ctx.rescale
        d_q, d_k, d_v = torch.empty_like(q), torch.zeros_like(k), torch.zeros_like(v)
        for rows, start, end in _parts(*q.shape[:2]):
            weights = next(kept)
            keep = next(kept) if ctx.drops else None
            part = given[rows, start:end]
            counted = weights if keep is None else weights * keep
            d_v[rows, :end].baddbmm_(counted.transpose(1, 2), part)
            d_weights = torch.bmm(part, v[rows, :end].transpose(1, 2))
            if keep is not None:
                d_weights *= keep
            d_scores = torch._softmax_backward_data(d_weights, weights, -1, weights.dtype)
            torch.bmm(d_scores, k[rows, :end], out=d_q[rows, start:end])
            d_k[rows, :end].baddbmm_(d_scores.transpose(1, 2), q[rows, start:end])
        d_q *= ctx.scale
        return d_q.view(ctx.shape), d_k.view(ctx.shape), d_v.view(ctx.shape), None, None


def _parts(count: int, length: int) -> list[tuple[slice, int, int]]:
    """Which of ``count`` tables are in hand together, and from which query to which."""
    together = max(1, IN_HAND // (min(QUERIES, length) * length))
    return [
        (slice(first, first + together), start, min(length, start + QUERIES))
        for first in range(0, count, together)
        for start in range(0, length, QUERIES)
    ]
