"""Saved adapters as a base to go on from: merged into the base that they were trained on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from peft import PeftConfig, get_peft_model, set_peft_model_state_dict
from peft.utils import SAFETENSORS_WEIGHTS_NAME
from safetensors.torch import load_file

from luthier.core.errors import ModelError
from luthier.models.bases import Base

if TYPE_CHECKING:
    from torch import Tensor, nn

    from luthier.models.model import Model

STORED = "base_model.model."
"""What peft puts before the names of a network's parameters."""


def are_adapters(folder: Path) -> bool:
    """Whether a folder holds adapters, not a whole model."""
    return (folder / "adapter_config.json").is_file()


def base_beneath(base: Base) -> Base:
    """What the adapters of a base were trained on.

    Raises:
        ModelError: If it is no longer there, or if what was learned is no part of a network.
    """
    config = PeftConfig.from_pretrained(str(base.path))
    if config.is_prompt_learning:
        raise ModelError(
            "The base '{name}' is a prompt of the kind {kind}, which cannot be merged.",
            where=str(base.path),
            hint="Start from its own base, or tune that stage with lora.",
            name=base.name,
            kind=str(getattr(config.peft_type, "value", config.peft_type)).lower(),
        )
    beneath = Path(config.base_model_name_or_path or "")
    if not (beneath / "config.json").is_file():
        raise ModelError(
            "The adapters' base '{name}' is no longer at {path}.",
            where=str(base.path),
            hint="Put it back, or tune with merge: true so that it is not needed.",
            name=base.name,
            path=str(beneath),
        )
    return Base(base.name, beneath, base.origin)


def merge(model: Model, folder: Path, *, whole_head: bool) -> frozenset[str]:
    """Merge saved adapters into a model of the base beneath them.

    Args:
        model: The base beneath, perhaps under another head.
        folder: Where the adapters are.
        whole_head: Whether the head that was saved with them serves the model too.

    Returns:
        Names of the parameters that were taken of the saved head.
    """
    tensors = load_file(folder / SAFETENSORS_WEIGHTS_NAME)
    inside = f"{STORED}{model.core.base_model_prefix}."
    own = {name: tensor for name, tensor in tensors.items() if name.startswith(inside)}
    config: Any = PeftConfig.from_pretrained(str(folder))
    config.modules_to_save = config.task_type = None
    adapted: Any = get_peft_model(model.core, config)
    set_peft_model_state_dict(adapted, own)
    model.network = adapted.merge_and_unload()
    model.core.name_or_path = str(folder)
    head = {name.removeprefix(STORED): tensors[name] for name in tensors.keys() - own.keys()}
    return _fill(model.network, head) if whole_head else frozenset()


def _fill(network: nn.Module, tensors: dict[str, Tensor]) -> frozenset[str]:
    """Take the tensors that a network has a parameter of this name and shape for."""
    parameters = dict(network.named_parameters())
    fitting = {n for n, t in tensors.items() if n in parameters and parameters[n].shape == t.shape}
    with torch.no_grad():
        for name in fitting:
            parameters[name].copy_(tensors[name])
    return frozenset(fitting)
