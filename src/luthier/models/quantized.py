"""Frozen matrices of a base kept in eight or four bits, through bitsandbytes.

The configuration says what was done, in the form in which transformers says it, so that adapters
are loaded onto the same rounded matrices that they were trained on.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal, get_args

from torch import Tensor, nn
from transformers import PretrainedConfig, PreTrainedModel
from transformers.pytorch_utils import Conv1D

from luthier.core.errors import ModelError, SetupError
from luthier.core.lazy import lazy
from luthier.models.devices import device
from luthier.models.families import HEAD, depth_groups

if TYPE_CHECKING:
    import bitsandbytes
    from bitsandbytes import functional
else:
    bitsandbytes = lazy("bitsandbytes")
    functional = lazy("bitsandbytes.functional")

Bits = Literal["8bit", "4bit"]
BITS: tuple[Bits, ...] = get_args(Bits)


def quantize(network: PreTrainedModel, bits: Bits) -> None:
    """Round the matrices of a base, in place; those of the head and embeddings stay.

    ``8bit``: LLM.int8() (Dettmers et al. 2022, arXiv:2208.07339). ``4bit``: NF4 with its scales
    quantized again (Dettmers et al. 2023, arXiv:2305.14314).

    Raises:
        SetupError: If bitsandbytes is not installed.
        ModelError: If the base has no such matrix.
    """
    if find_spec("bitsandbytes") is None:
        raise SetupError(
            "Quantized bases need the package bitsandbytes, which is not installed.",
            hint="Install it: pip install 'luthier[quantize]'",
            where="techniques.quantize",
        )
    found = list(_matrices(network))
    if not found:
        raise ModelError(
            "A {model} has no matrices that could be quantized.",
            hint="Leave quantize out.",
            model=network.config.model_type,
        )
    # Where it will work: matrices of eight bits do not move to another device afterwards.
    network.to(device())  # type: ignore[arg-type]
    for name, module in found:
        network.set_submodule(name, _rounded(module, bits))
    said: dict[str, Any] = {"quant_method": "bitsandbytes", f"load_in_{bits}": True}
    if bits == "4bit":
        said |= {"bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": True}
    network.config.quantization_config = said
    setattr(network, _mark(bits), True)


def quantized(config: PretrainedConfig) -> Bits | None:
    """How the matrices of a base are kept, by its configuration."""
    said = getattr(config, "quantization_config", None) or {}
    return next((bits for bits in BITS if said.get(f"load_in_{bits}")), None)


def restore(network: PreTrainedModel) -> None:
    """Put matrices of full precision, with the rounded values, in the place of rounded ones."""
    rounded = [(n, m) for n, m in network.named_modules() if _is_rounded(m)]
    for name, module in rounded:
        plain = nn.Linear(module.in_features, module.out_features, bias=module.bias is not None)
        plain.weight = nn.Parameter(_values(module))
        plain.bias = module.bias
        network.set_submodule(name, plain)
    network.config.quantization_config = None
    for bits in BITS:
        setattr(network, _mark(bits), False)


def numbers(parameter: Tensor) -> int:
    """How many numbers a parameter holds; of four bits two share a byte."""
    state = getattr(parameter, "quant_state", None)
    return parameter.numel() if state is None else state.shape.numel()


def _mark(bits: Bits) -> str:
    """The attribute that peft asks, to put its layers for rounded matrices on them."""
    return f"is_loaded_in_{bits}"


def _matrices(network: PreTrainedModel) -> Iterator[tuple[str, nn.Module]]:
    """The base's matrices, but those that an architecture wants in full precision."""
    names = {group.name: group.parameters for group in depth_groups(network)}
    kept = set(names[HEAD])
    spared = tuple(network._keep_in_fp32_modules or ())
    output = network.get_output_embeddings()  # type: ignore[no-untyped-call]
    for name, module in network.named_modules():
        whole = f"{name}.weight" in kept or name.rpartition(".")[2] in spared
        if isinstance(module, nn.Linear | Conv1D) and module is not output and not whole:
            yield name, module


def _rounded(module: Any, bits: Bits) -> nn.Module:
    """A matrix of few bits that answers nearly as ``module`` does, on the same device."""
    place = module.weight.device
    # GPT-2 keeps its matrices transposed.
    weight = module.weight.data.T if isinstance(module, Conv1D) else module.weight.data
    rows, columns = weight.shape
    new: Any
    if bits == "4bit":
        new = bitsandbytes.nn.Linear4bit(columns, rows, bias=False, quant_type="nf4")
        new.weight = bitsandbytes.nn.Params4bit(
            weight.contiguous().cpu(), requires_grad=False, quant_type="nf4"
        )
        # Or processors with bf16 would evaluate by rounder numbers than they trained with, and
        # not at all where the columns are no multiple of 64.
        new.support_avx512bf16_for_cpu = False
    else:
        new = bitsandbytes.nn.Linear8bitLt(columns, rows, bias=False, has_fp16_weights=False)
        new.weight = bitsandbytes.nn.Int8Params(
            weight.contiguous().cpu(), requires_grad=False, has_fp16_weights=False
        )
    new.bias = module.bias
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return new.to(place)  # type: ignore[no-any-return]


def _is_rounded(module: nn.Module) -> bool:
    return isinstance(module, bitsandbytes.nn.Linear4bit | bitsandbytes.nn.Linear8bitLt)


def _values(module: Any) -> Tensor:
    """The rounded values of a matrix, as numbers of full precision."""
    weight = module.weight
    if isinstance(module, bitsandbytes.nn.Linear4bit):
        values: Tensor = functional.dequantize_4bit(weight.data, weight.quant_state)
        return values.float()
    scales: Tensor = module.state.SCB if weight.SCB is None else weight.SCB
    whole: Tensor = weight.data.float() * scales.float().view(-1, 1) / 127
    return whole
