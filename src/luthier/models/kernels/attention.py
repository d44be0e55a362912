"""Attention for short sequences on a CPU, forward and backward written out.

torch's fused CPU attention has a slow bf16 backward, and falls back to a slower
path still when it must drop probabilities. Plain batched products with the
probabilities kept in bf16 took 40 to 60% of its time up to 512 tokens, and less
memory than the same products left to autograd.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.masking_utils import eager_mask

from luthier.models.kernels import documents
from luthier.models.kernels.dropout import LEVELS, keep_mask

NAME = "luthier"


class _Attention(torch.autograd.Function):
    """softmax(scale * q k^T + mask) v with dropout on the probabilities (Vaswani et al. 2017).

    q: (batch, heads, queries, size); k, v: (batch, heads, keys, size); mask: (batch, 1,
    queries, keys) or None, added to the scores. Gives (batch, queries, heads, size).
    """

    @staticmethod
    def forward(
        ctx: Any, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, scale: float, p: float
    ) -> Tensor:
        batch, heads, length, size = q.shape
        q, k, v = ((q * scale).flatten(0, 1), k.flatten(0, 1), v.flatten(0, 1))
        scores = torch.bmm(q, k.transpose(1, 2))
        if mask is not None:
            scores.view(batch, heads, length, -1).add_(mask)
        weights = torch.softmax(scores, -1)
        if round(p * LEVELS):
            keep, rescale = keep_mask(weights, p)
            dropped = weights * keep
        else:
            keep, rescale, dropped = None, 1.0, weights
        out = torch.bmm(dropped, v)
        if keep is not None:
            out.mul_(rescale)
        ctx.save_for_backward(q, k, v, weights, keep, dropped)
        ctx.shape, ctx.scale, ctx.rescale = (batch, heads, length, size), scale, rescale
        return out.view(batch, heads, length, size).transpose(1, 2)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        q, k, v, weights, keep, dropped = ctx.saved_tensors
        out = gradients[0].transpose(1, 2).flatten(0, 1)
        if keep is not None:
            out = out * ctx.rescale
        d_v = torch.bmm(dropped.transpose(1, 2), out)
        d_weights = torch.bmm(out, v.transpose(1, 2))
        if keep is not None:
            d_weights.mul_(keep)
        d_scores = torch._softmax_backward_data(d_weights, weights, -1, weights.dtype)
        d_q = torch.bmm(d_scores, k).mul_(ctx.scale)
        d_k = torch.bmm(d_scores.transpose(1, 2), q)
        batch, heads, _, size = ctx.shape
        d_q, d_k, d_v = (d.view(batch, heads, -1, size) for d in (d_q, d_k, d_v))
        return d_q, d_k, d_v, None, None, None


def attend(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    **_: Any,
) -> tuple[Tensor, None]:
    """The signature transformers calls attention by."""
    scale = query.size(-1) ** -0.5 if scaling is None else scaling
    p = dropout if module.training else 0.0
    mask = None if attention_mask is None else attention_mask.to(query.dtype)
    with torch.autocast(query.device.type, enabled=False):
        out: Tensor = _Attention.apply(  # type: ignore[no-untyped-call]
            query, key, value, mask, scale, p
        )
    return out, None


PLAIN = {"bert", "roberta", "xlm-roberta", "camembert", "electra", "distilbert"}
"""Model types whose self-attention is the plain one: no windows, no position biases."""


def use_fast_attention(network: PreTrainedModel) -> None:
    """Let an encoder compute with this attention, where its architecture is the plain one."""
    if network.config.model_type in PLAIN:
        AttentionInterface.register(NAME, attend)
        AttentionMaskInterface.register(NAME, eager_mask)
        network.set_attn_implementation(NAME)


def use_standard_attention(network: PreTrainedModel) -> None:
    """Back to torch's attention, with which every evaluation and other tool computes."""
    if network.config._attn_implementation in (NAME, documents.NAME):
        network.set_attn_implementation("sdpa")
