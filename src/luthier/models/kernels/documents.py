"""Attention of blocks that hold several documents, document by document.

From restarting positions transformers makes a mask for a whole block, and with a mask torch's CPU
attention computes every pair of tokens. Here each document is attended by itself, causally, which
costs what its own pairs cost, and no mask is ever made.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from luthier.models.kernels.causal import attend_causally

NAME = "luthier_documents"

KNOWN = {"llama", "qwen2", "qwen3"}
"""Model types whose layers hand positions on to the attention, which is causal and unlimited."""


def use_document_attention(network: PreTrainedModel) -> None:
    """Let a decoder compute with this attention, where its architecture is one of the known."""
    config = network.config
    layers = set(getattr(config, "layer_types", None) or ["full_attention"])
    if config.model_type in KNOWN and layers == {"full_attention"}:
        AttentionInterface.register(NAME, attend)
        AttentionMaskInterface.register(NAME, mask)
        network.set_attn_implementation(NAME)


def mask(*, attention_mask: Tensor | None = None, **settings: Any) -> Tensor | None:
    """What transformers asks a mask of: none, unless tokens are cached or padded on the left.

    No token looks at padding that stands behind it.
    """
    if settings["q_length"] == settings["kv_length"] and (
        attention_mask is None
        or (attention_mask.dim() == 2 and bool((attention_mask.int().diff(dim=1) <= 0).all()))
    ):
        return None
    made: Tensor | None = sdpa_mask(attention_mask=attention_mask, **settings)
    return made


def attend(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    position_ids: Tensor | None = None,
    scaling: float | None = None,
    dropout: float = 0.0,
    **settings: Any,
) -> tuple[Tensor, None]:
    """The signature transformers calls attention by; tensors (batch, heads, length, size)."""
    batch, heads, length, size = query.shape
    if attention_mask is not None or length != key.size(2):
        given: tuple[Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask,
            dropout=dropout, scaling=scaling, **settings,
        )  # fmt: skip
        return given
    how = {
        "scale": size**-0.5 if scaling is None else scaling,
        "dropout": dropout if module.training else 0.0,
    }
    times = heads // key.size(1)
    if times > 1:
        key, value = key.repeat_interleave(times, 1), value.repeat_interleave(times, 1)
    groups = _groups(query, position_ids)
    if len(groups) == 1:
        return attend_causally(query, key, value, **how).transpose(1, 2), None
    sizes = [rows * tokens for rows, tokens in groups]
    flat = (
        torch.functional.split(x.transpose(1, 2).reshape(-1, heads, size), sizes)
        for x in (query, key, value)
    )
    found = []
    for (rows, tokens), *parts in zip(groups, *flat, strict=True):
        q, k, v = (part.view(rows, tokens, heads, size).transpose(1, 2) for part in parts)
        out = attend_causally(q, k, v, **how)
        found.append(out.transpose(1, 2).reshape(-1, heads, size))
    return torch.cat(found).view(batch, length, heads, size), None


def _groups(query: Tensor, position_ids: Tensor | None) -> list[tuple[int, int]]:
    """The documents of a batch in order, rows that are one document each together.

    Each is (rows, tokens of a row).
    """
    batch, _, length, _ = query.shape
    if position_ids is None or length < 2:
        return [(batch, length)]
    begins = position_ids.expand(batch, length).diff(dim=1) != 1
    whole = torch.nn.functional.pad(begins, (1, 0), value=True).flatten()
    starts = whole.nonzero().flatten().tolist()
    groups: list[tuple[int, int]] = []
    for start, end in zip(starts, [*starts[1:], batch * length], strict=True):
        rows = groups[-1][0] if groups and end - start == length == groups[-1][1] else 0
        if rows:
            groups[-1] = (rows + 1, length)
        else:
            groups.append((1, end - start))
    return groups
