"""When a base's own head is of use, and what becomes of it where it is not."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import torch
from transformers import PretrainedConfig, PreTrainedModel


def same_classes(config: PretrainedConfig, wanted: Mapping[str, Any]) -> bool:
    """Whether a base's head tells the classes that are wanted, in their order.

    Args:
        config: As the base was saved.
        wanted: The fields that the task sets; without ``id2label`` any head may serve.
    """
    if "id2label" not in wanted:
        return True
    own = [str(label).casefold() for _, label in sorted((config.id2label or {}).items())]
    return own == [str(label).casefold() for label in wanted["id2label"].values()]


def forget_head(network: PreTrainedModel, seed: int, random: Collection[str]) -> None:
    """Give the task layers random values, as if the base had come without them.

    Args:
        network: A base with a head of other classes.
        seed: Decides the values.
        random: Names of the parameters that have random values already.
    """
    inside = f"{network.base_model_prefix}."
    head = {n: p for n, p in network.named_parameters() if not n.startswith(inside)}
    learned = head.keys() - set(random)
    if not learned:
        return
    for parameter in head.values():
        # transformers' mark of what it must not initialise any more.
        parameter._is_hf_initialized = False  # type: ignore[attr-defined]
    torch.manual_seed(seed)
    for name, module in network.named_children():
        if name != network.base_model_prefix:
            module.apply(network._init_weights)
