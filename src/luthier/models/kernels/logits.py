"""An output layer that leaves the logits to the loss.

For language models the table of logits is the largest tensor of a step. With the output layer put
off, the loss computes it chunk by chunk (:mod:`luthier.models.kernels.cross_entropy`).
"""

from __future__ import annotations

from functools import partial
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from transformers import PretrainedConfig, PreTrainedModel

from luthier.models.kernels.cross_entropy import Deferred

_CACHED: WeakKeyDictionary[PreTrainedModel, list[PretrainedConfig]] = WeakKeyDictionary()
"""Networks to the configurations, theirs and of their parts, that had the cache on."""

SCALED = ("final_logit_softcapping", "logit_scale", "logits_scaling")
"""Fields of configurations whose networks change the logits after the output layer."""


def defer_logits(network: PreTrainedModel) -> None:
    """Let the network give :class:`Deferred` in place of logits, and keep no cache.

    Without a cache transformers reads from restarting positions that a block holds several
    documents. Networks that change their logits after the output layer go on computing them.
    """
    configs = _configs(network)
    _switch_cache_off(network, configs)
    head = network.get_output_embeddings()  # type: ignore[no-untyped-call]
    if isinstance(head, nn.Linear) and not any(
        getattr(config, name, None) not in (None, 1.0) for config in configs for name in SCALED
    ):
        head.forward = partial(_deferred, head)  # type: ignore[method-assign, assignment]


def compute_logits(network: PreTrainedModel) -> None:
    """Undo :func:`defer_logits`: generation and other tools find the network as it was."""
    for config in _CACHED.pop(network, []):
        config.use_cache = True
    head = network.get_output_embeddings()  # type: ignore[no-untyped-call]
    if head is not None:
        head.__dict__.pop("forward", None)


def _configs(network: PreTrainedModel) -> list[PretrainedConfig]:
    """The network's configuration and those of its parts, which may share one, each once."""
    parts = [part for part in network.modules() if isinstance(part, PreTrainedModel)]
    return list({id(part.config): part.config for part in parts}.values())


def _switch_cache_off(network: PreTrainedModel, configs: list[PretrainedConfig]) -> None:
    on = [config for config in configs if getattr(config, "use_cache", None)]
    _CACHED.setdefault(network, []).extend(on)
    for config in on:
        config.use_cache = False


def _deferred(head: nn.Linear, hidden: Tensor) -> Deferred:
    kind = hidden.device.type
    autocast = torch.is_autocast_enabled(kind)
    dtype = torch.get_autocast_dtype(kind) if autocast else head.weight.dtype
    return Deferred(hidden, head.weight, head.bias, dtype)
