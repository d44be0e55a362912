"""Layers of a network: watched while it computes, skipped, taken out for good."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PretrainedConfig, PreTrainedModel
from transformers.initialization import no_init_weights

from luthier.core.errors import ModelError, RecipeError
from luthier.models.families import layer_stacks

COUNTS = (("num_hidden_layers",), ("num_layers", "encoder_layers"))
"""Fields of configurations that count the layers of a single stack, and of an encoder."""

DECODER_COUNTS = ("num_decoder_layers", "decoder_layers")
"""The same of the decoder beside it."""

PER_LAYER = ("layer_types", "mlp_layer_types", "no_rope_layers", "attention_layers")
"""Fields of configurations with an entry for each layer."""


def layers_of(network: nn.Module) -> list[nn.Module]:
    """The layers in the order of the depth groups: of an encoder-decoder the encoder's first."""
    stacks = (network.get_submodule(path) for path in layer_stacks(network))
    return [layer for stack in stacks for layer in stack.children()]


def entering(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Tensor:
    """The hidden states (rows, length, width) among what a layer is called with."""
    given: Tensor = args[0] if args else kwargs["hidden_states"]
    return given


def leaving(output: Any) -> Tensor:
    """The hidden states among what a layer gives."""
    given: Tensor = output[0] if isinstance(output, tuple) else output
    return given


@contextmanager
def skipped(network: nn.Module, numbers: Collection[int]) -> Iterator[None]:
    """While it is open the layers of these numbers give what they are given."""

    def passed_on(_: nn.Module, args: Any, kwargs: Any, output: Any) -> Any:
        same = entering(args, kwargs)
        return (same, *output[1:]) if isinstance(output, tuple) else same

    with ExitStack() as stack:
        for number, layer in enumerate(layers_of(network)):
            if number in numbers:
                hook = layer.register_forward_hook(passed_on, with_kwargs=True)
                stack.callback(hook.remove)
        yield


def without_layers(network: PreTrainedModel, numbers: Collection[int]) -> PreTrainedModel:
    """A plain smaller network of the same class, with the weights of the layers that stay.

    What only the first layer of a stack has, as T5's table of relative positions, goes to the
    layer that is then the first.

    Raises:
        RecipeError: If there is no such layer, or a stack would lose all of its layers.
        ModelError: If a configuration of the architecture cannot say what is left.
    """
    stacks = layer_stacks(network)
    kept = _kept(stacks, numbers)
    config = copy.deepcopy(network.config)
    _adapt(config, kept, stacks)
    with no_init_weights():
        smaller: PreTrainedModel = type(network)._from_config(  # type: ignore[no-untyped-call]
            config, dtype=network.dtype
        )
    theirs = smaller.state_dict()
    ours = dict(_moved(network.state_dict(), kept, theirs))
    if {k: v.shape for k, v in ours.items()} != {k: v.shape for k, v in theirs.items()}:
        raise ModelError(
            "Layers {numbers} cannot be taken out of a {type}: what is left is no {type} any more.",
            hint="Choose other layers; the first of an architecture is often unlike the others.",
            numbers=", ".join(map(str, sorted(numbers))),
            type=network.config.model_type,
        )
    smaller.load_state_dict(ours)
    if hasattr(network, "generation_config"):
        smaller.generation_config = network.generation_config
    nn.Module.to(smaller, network.device)
    smaller.train(network.training)
    return smaller


def _kept(stacks: Mapping[str, int], numbers: Collection[int]) -> dict[str, list[int]]:
    """Path of each stack to the layers of it that stay, by their numbers in it."""
    total, start = sum(stacks.values()), 0
    beyond = sorted(set(numbers) - set(range(total)))
    if beyond:
        raise RecipeError(
            "There is no layer {number}: the model has {total}, from 0.",
            hint="Give numbers below {total}.",
            number=beyond[0],
            total=total,
        )
    kept = {}
    for path, length in stacks.items():
        kept[path] = [index for index in range(length) if start + index not in numbers]
        start += length
        if not kept[path]:
            raise RecipeError(
                "All {length} layers of {path} would be removed.",
                hint="Leave at least one layer, of an encoder-decoder one on each side.",
                length=length,
                path=path,
            )
    return kept


def _adapt(
    config: PretrainedConfig, kept: Mapping[str, list[int]], before: Mapping[str, int]
) -> None:
    """Let a configuration describe what is left."""
    single = len(kept) == 1
    fields_of = COUNTS[:1] if single else (COUNTS[1], DECODER_COUNTS)
    # A third stack would not be described, which is found out and refused.
    for (path, indices), fields in zip(kept.items(), fields_of, strict=False):
        for field in fields:
            if hasattr(config, field):
                setattr(config, field, len(indices))
        for field in PER_LAYER:
            values = getattr(config, field, None)
            if single and isinstance(values, list) and len(values) == before[path]:
                setattr(config, field, [values[index] for index in indices])


def _moved(
    tensors: Mapping[str, Tensor], kept: Mapping[str, list[int]], wanted: Collection[str]
) -> Iterator[tuple[str, Tensor]]:
    """The tensors that stay, under their new names."""
    for name, tensor in tensors.items():
        path = next((path for path in kept if name.startswith(f"{path}.")), None)
        if path is None:
            yield name, tensor
            continue
        index, _, rest = name[len(path) + 1 :].partition(".")
        first = f"{path}.0.{rest}"
        if int(index) in kept[path]:
            yield f"{path}.{kept[path].index(int(index))}.{rest}", tensor
        elif index == "0" and first in wanted and f"{path}.{kept[path][0]}.{rest}" not in tensors:
            yield first, tensor


class Watched:
    """What the layers of a network give, kept from one pass until it is taken."""

    def __init__(self, network: nn.Module) -> None:
        self._layers = layers_of(network)
        self._given: dict[int, Tensor] = {}
        for number, layer in enumerate(self._layers):
            layer.register_forward_hook(self._keeper(number))

    def _keeper(self, number: int) -> Any:
        def keep(_module: nn.Module, _: Any, output: Any) -> None:
            # Predictions on validation rows are of no use to training.
            if not torch.is_inference_mode_enabled():
                self._given[number] = leaving(output)

        return keep

    def take(self) -> list[Tensor]:
        """The hidden states (rows, length, width) behind each layer in the last pass."""
        given = [self._given[number] for number in range(len(self._layers))]
        self._given.clear()
        return given
