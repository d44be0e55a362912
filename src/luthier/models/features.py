"""What a frozen base gives of images is computed once, and handed to the head in each epoch.

Nothing of an image is needed then, so it is not decoded again: the example carries its features,
and the base, called with them in the place of pixels, hands them on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, MutableMapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MethodType
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel
from transformers.modeling_outputs import BaseModelOutputWithPooling

from luthier.models.prefix import Unfit, content_key, frozen_names, weights_digest

WIDE = 4096
"""Numbers of an image where a configuration does not say how many: more than any has."""

FEATURES = "features"
"""Where an example carries what the base gave: (width,)."""


class Features:
    """The frozen base of an image network, which hands on features in the place of pixels.

    Args:
        core: The network; all of its base is frozen.
        depth: How many layers that has.
    """

    def __init__(self, core: PreTrainedModel, depth: int) -> None:
        self._core, self._depth = core, depth
        self._base: Any = core.base_model
        self._given: list[MutableMapping[str, Any]] = []

    def size(self, rows: int, _tokens: int) -> int:
        """Bytes that are kept of so many images."""
        config = self._core.config
        width = getattr(config, "hidden_size", None) or max(getattr(config, "hidden_sizes", [WIDE]))
        return rows * int(width) * torch.float32.itemsize

    def key(self, rows: Iterable[Sequence[int]], *more: str) -> str:
        """SHA-256 over all that decides the features.

        Args:
            rows: What tells each image from others, in order.
            more: Whatever else the caller knows of.
        """
        return content_key(self._core, self._weights, more, rows)

    @cached_property
    def _weights(self) -> bytes:
        """Of the base, with the statistics that it normalises by."""
        digest = weights_digest(self._core, frozen_names(self._core, self._depth))
        values = [value.cpu().numpy().tobytes() for value in self._base.buffers()]
        return digest + b"".join(values)

    def compute(self, calls: Iterable[Callable[[], Any]], folder: Path) -> None:
        """Write what the base gives for the images that the network is called with, in order.

        Args:
            calls: Each calls the network with a batch of pixels.
            folder: Gets ``features.npy``, (images, width) in fp32.

        Raises:
            Unfit: If the base gives neither a pooled output nor a sequence.
        """
        outputs: list[Any] = []
        hook = self._base.register_forward_hook(lambda _base, _given, out: outputs.append(out))
        found: list[Tensor] = []
        try:
            for call in calls:
                outputs.clear()
                call()
                found.append(_read_by_heads(outputs[-1]) if outputs else _unfit())
        finally:
            hook.remove()
        np.save(folder / "features.npy", torch.cat(found).float().cpu().numpy())

    def know(self, folder: Path, rows: Sequence[MutableMapping[str, Any]]) -> None:
        """Give each example its features, of what :meth:`compute` wrote of them."""
        features = torch.from_numpy(np.load(folder / "features.npy", mmap_mode="c"))
        for row, vector in zip(rows, features, strict=True):
            row[FEATURES] = vector
        self._given += rows
        self._base.forward = MethodType(_forward, self._base)

    def forget(self) -> None:
        """Let the base compute everything again."""
        for row in self._given:
            row.pop(FEATURES, None)
        self._given.clear()
        vars(self._base).pop("forward", None)


def _forward(base: Any, pixel_values: Tensor | None = None, *more: Any, **named: Any) -> Any:
    """The base's own forward pass; features, (images, width), are handed on as they are."""
    if pixel_values is None or pixel_values.ndim != 2:
        own: Any = type(base).forward
        return own(base, pixel_values, *more, **named)
    # A ViT's head reads the first token of the sequence, other heads what is pooled.
    return BaseModelOutputWithPooling(
        last_hidden_state=pixel_values.unsqueeze(1), pooler_output=pixel_values
    )


def _read_by_heads(output: Any) -> Tensor:
    """(images, width): what is pooled over the image, else the first token."""
    pooled = getattr(output, "pooler_output", None)
    if isinstance(pooled, Tensor) and pooled.numel() == math.prod(pooled.shape[:2]):
        return pooled.flatten(1)
    states = getattr(output, "last_hidden_state", None)
    return states[:, 0] if isinstance(states, Tensor) and states.ndim == 3 else _unfit()


def _unfit() -> Tensor:
    raise Unfit
