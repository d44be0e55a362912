"""A model's body under the head of another that comes from the same base."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from peft import PeftModel

from luthier.core.errors import ModelError
from luthier.models import kernels
from luthier.models.model import Model


def has_prompt(model: Model) -> bool:
    """Whether learned vectors are given to the network beside its input, outside its base."""
    network: Any = model.network
    return isinstance(network, PeftModel) and network.active_peft_config.is_prompt_learning


def under_head(body: Model, head: Model) -> Model:
    """The head's network with the body's modules in the place of its own: both are one memory.

    What the base of the body lacks, as a pooler that its task does without, stays the head's; and
    what stays the head's takes no gradient.

    Args:
        body: Whose base is taken, with the adapters that stand inside it.
        head: Whose task layers are taken; its adapters, if any, are merged. It is changed.

    Raises:
        ModelError: If the body has a prompt, which would stay behind.
    """
    if has_prompt(body):
        raise ModelError(
            "A learned prompt stands outside the base, which so does not fit under another head.",
            hint="Take a technique that changes the base itself, such as lora.",
        )
    if isinstance(head.network, PeftModel):
        merged: Any = head.network
        head = replace(head, network=merged.merge_and_unload())
    head.network.train().requires_grad_(False)
    for name, module in body.core.base_model.named_children():
        if hasattr(head.core.base_model, name):
            setattr(head.core.base_model, name, module)
    return head


@contextmanager
def called_beside(body: Model, grafted: Model) -> Iterator[None]:
    """While it is open the grafted network may be called between calls of the body itself."""
    grafted.core.config._attn_implementation = body.core.config._attn_implementation
    with kernels.shared_with(body.core, grafted.core):
        yield
