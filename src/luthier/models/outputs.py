"""Comparing what networks give, whatever it is made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import torch
from torch import Tensor


def tensors_of(output: Any) -> Iterator[Tensor]:
    """Every tensor of real numbers in a network's output."""
    if isinstance(output, Tensor):
        if output.is_floating_point():
            yield output
    elif isinstance(output, Mapping):
        for value in output.values():
            yield from tensors_of(value)
    elif isinstance(output, list | tuple):
        for value in output:
            yield from tensors_of(value)
    elif is_dataclass(output):
        for field in fields(output):
            yield from tensors_of(getattr(output, field.name))


def largest_change(old: Sequence[Tensor], new: Sequence[Tensor]) -> float:
    """The largest change of an element, as a share of its absolute value, or of 1 if smaller.

    Infinite where an element is no number any more.
    """
    return max((_change(a, b) for a, b in zip(old, new, strict=True)), default=0.0)


def _change(old: Tensor, new: Tensor) -> float:
    shares = (new.double() - old.double()).abs() / old.double().abs().clamp(min=1)
    return float(shares.masked_fill(old == new, 0.0).nan_to_num(nan=torch.inf).max())
