"""What tells the families of models apart, and their depth groups.

A depth group is a set of parameters at one depth between input and head.
Freezing, unfreezing, layer-wise rates and layer dropping all speak in them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from torch import nn
from transformers import PretrainedConfig
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
)

EMBEDDINGS, HEAD = "embeddings", "head"


class Family(StrEnum):
    """How a base turns a sequence into representations."""

    ENCODER = "encoder"
    DECODER = "decoder"
    ENCODER_DECODER = "encoder-decoder"


@dataclass(frozen=True)
class DepthGroup:
    """Parameters of one depth, by their names in the network."""

    name: str
    """``embeddings``, ``layer.0`` ... or ``head``."""
    parameters: tuple[str, ...]


def family_of(config: PretrainedConfig) -> Family:
    """The family a transformers configuration belongs to."""
    if config.is_encoder_decoder:
        return Family.ENCODER_DECODER
    causal = config.model_type in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
    masked = config.model_type in MODEL_FOR_MASKED_LM_MAPPING_NAMES
    return Family.DECODER if causal and not masked else Family.ENCODER


def depth_groups(network: nn.Module) -> list[DepthGroup]:
    """The depth groups of a transformers network, from input to head.

    Layers are the items of the network's stacks, encoder before decoder; of ResNet, ConvNeXt
    and their kin these are the stages, each of one resolution. What the
    base applies before its first layer belongs to the embeddings, what a stack applies
    after its last (final norm) and the base after all of them (pooler) to that last
    layer, and everything outside the base to the head.
    """
    base_prefix, outside = _base_of(network)
    stacks = layer_stacks(network)
    offsets, total = {}, 0
    for path, length in stacks.items():
        offsets[path] = total
        total += length
    members: dict[str, list[str]] = {EMBEDDINGS: []}
    members |= {f"layer.{index}": [] for index in range(total)}
    members[HEAD] = []
    for name, _ in network.named_parameters():
        place = HEAD if name in outside else _place(name, base_prefix, offsets, total)
        members[place].append(name)
    return [DepthGroup(name, tuple(names)) for name, names in members.items()]


def _base_of(network: nn.Module) -> tuple[str, frozenset[str]]:
    """Prefix of the base's parameters, and those with it that are outside all the same.

    Some networks that write, as T5's, have no module for the base: its parts are their own, beside
    the output layer.
    """
    prefix = f"{network.base_model_prefix}."
    names = dict(network.named_parameters())
    if any(name.startswith(prefix) for name in names):
        return prefix, frozenset()
    output = getattr(network, "get_output_embeddings", lambda: None)()
    own = [] if output is None else list(output.parameters())
    inside = getattr(network, "get_input_embeddings", lambda: None)()
    shared = [] if inside is None else list(inside.parameters())
    return "", frozenset(
        name for name, parameter in names.items()
        if any(parameter is one for one in own) and not any(parameter is one for one in shared)
    )  # fmt: skip


def layer_stack(network: nn.Module) -> nn.ModuleList | None:
    """The layers of a base that has one stack of them; None where it has none or several."""
    stacks = layer_stacks(network)
    found = network.get_submodule(next(iter(stacks))) if len(stacks) == 1 else None
    return found if isinstance(found, nn.ModuleList) else None


def layer_stacks(network: nn.Module) -> dict[str, int]:
    """Path to length of the outermost module lists of the base that hold its layers, in order."""
    base_prefix, _ = _base_of(network)
    stacks: dict[str, int] = {}
    for path, module in network.named_modules():
        is_stack = isinstance(module, nn.ModuleList) and len(module) > 0
        inside = any(path.startswith(f"{outer}.") for outer in stacks)
        if is_stack and not inside and path.startswith(base_prefix) and _is_layer(module[0]):
            stacks[path] = len(module)
    return stacks


def _is_layer(module: nn.Module) -> bool:
    """Whether it has attention, or is a stage, as the layers of one resolution are called."""
    names = [type(part).__name__.lower() for part in module.modules()]
    return "stage" in names[0] or any("att" in name for name in names)


def _place(name: str, base_prefix: str, offsets: dict[str, int], total: int) -> str:
    if not name.startswith(base_prefix):
        return HEAD
    for path, offset in offsets.items():
        if name.startswith(f"{path}."):
            index = int(name[len(path) + 1 :].split(".", 1)[0])
            return f"layer.{offset + index}"
    if _is_embedding(name) or total == 0:
        return EMBEDDINGS
    ends = (end for path, end in _ends(offsets, total).items() if name.startswith(path))
    return f"layer.{next(ends, total) - 1}"


def _ends(offsets: dict[str, int], total: int) -> dict[str, int]:
    """Prefix of the module that holds each stack, and one more than its last layer's number."""
    ends = [*list(offsets.values())[1:], total]
    return {f"{path.rpartition('.')[0]}.": end for path, end in zip(offsets, ends, strict=True)}


def _is_embedding(name: str) -> bool:
    parts = name.removesuffix(".weight").removesuffix(".bias").split(".")
    return any("emb" in part or part in ("shared", "wte", "wpe") for part in parts)
