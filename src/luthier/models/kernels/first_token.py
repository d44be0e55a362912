"""The last layer of an encoder, computed for the first token alone.

A BERT-like classifier reads nothing of the last layer but its first token. So in training
the queries, the projection and the feed-forward part of that layer need not be computed
for the others; keys and values do. The loss and every gradient are the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import MethodType
from typing import Any

from torch import Tensor, nn
from transformers import PreTrainedModel

from luthier.models.kernels.attention import attend

LIKE_BERT = {"bert", "roberta", "xlm-roberta", "camembert", "electra"}
"""Model types with BERT's layers, whose classifiers read the first token."""

CACHES = ("cache", "past_key_values")
"""What transformers' versions call the keys and values from before."""


def use_first_token(network: PreTrainedModel) -> None:
    """Let the last layer of a classifier compute what the head reads, where it is BERT-like."""
    layer = _last_layer(network)
    if layer is not None:
        layer.forward = MethodType(_forward, layer)


def use_all_tokens(network: PreTrainedModel) -> None:
    """Undo :func:`use_first_token`."""
    layer = _last_layer(network)
    if layer is not None:
        vars(layer).pop("forward", None)


@contextmanager
def shared_with(network: PreTrainedModel, other: PreTrainedModel) -> Iterator[None]:
    """While it is open the layers compute what another network around them reads."""
    layer = None if _last_layer(other) is not None else _last_layer(network)
    shortened = None if layer is None else vars(layer).pop("forward", None)
    try:
        yield
    finally:
        if layer is not None and shortened is not None:
            layer.forward = shortened


def reads_first_token(network: PreTrainedModel) -> bool:
    """Whether of the last layer's output only the first token's vector is used."""
    return _last_layer(network) is not None


def _last_layer(network: PreTrainedModel) -> nn.Module | None:
    classifies = type(network).__name__.endswith("ForSequenceClassification")
    if network.config.model_type not in LIKE_BERT or not classifies:
        return None
    body: Any = network.base_model
    layer: nn.Module = body.encoder.layer[-1]
    return layer


def _forward(
    layer: Any, hidden: Tensor, mask: Tensor | None = None, *more: Any, **named: Any
) -> Tensor:
    """Hidden states (rows, length, width) to those of the first token: (rows, 1, width).

    With keys and values of a trained prefix: to those of all tokens, as the layer itself does.
    """
    if any(named.get(name) is not None for name in CACHES):
        whole: Tensor = type(layer).forward(layer, hidden, mask, *more, **named)
        return whole
    attention, first = layer.attention.self, hidden[:, :1]

    def heads(x: Tensor) -> Tensor:
        return x.view(len(x), x.size(1), -1, attention.attention_head_size).transpose(1, 2)

    context, _unused = attend(
        attention,
        heads(attention.query(first)),
        heads(attention.key(hidden)),
        heads(attention.value(hidden)),
        None if mask is None else mask[:, :, :1],
        scaling=attention.scaling,
        dropout=attention.dropout.p,
    )
    out: Tensor = layer.feed_forward_chunk(layer.attention.output(context.flatten(2), first))
    return out
