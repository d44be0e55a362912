"""What frozen lower layers give is computed once for every row, and used in each epoch.

A layer below all that trains gives a row the same output in every epoch, but for its dropout,
which is switched off for it. So the output of the uppermost such layer is written to a file that
is mapped into memory; where the base is called with rows that are known by their tokens, it begins
above that layer.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from types import MethodType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import PreTrainedModel

from luthier.models.families import EMBEDDINGS, depth_groups, layer_stack
from luthier.models.kernels.attention import PLAIN
from luthier.models.kernels.first_token import reads_first_token

INDEX = np.dtype([("key", "S16"), ("start", "<i8"), ("count", "<i4")])
"""Of each row: its key, its first vector in the file, and how many it has."""

OF_THE_HEAD = ("id2label", "label2id", "problem_type", "_name_or_path", "num_labels")
"""Fields of a configuration that the lower layers do not depend on."""


class Unfit(Exception):
    """The network does not call its base in a way that could be replayed."""


class _Enough(Exception):
    """Ends a forward pass whose upper layers are not asked."""


@dataclass(frozen=True)
class States:
    """What the frozen layers gave for a set of rows."""

    places: dict[bytes, tuple[int, int]]
    """Key of a row to its first vector, and how many it has."""
    vectors: Tensor
    """(vectors, width), mapped into memory."""


class Prefix:
    """The frozen lower layers of a base, which give what is known of rows instead of computing.

    Args:
        core: The network.
        depth: How many layers from the input on are frozen, with all below them.
        dtype: What vectors are kept in: ``torch.bfloat16`` or ``torch.float32``.
    """

    def __init__(self, core: PreTrainedModel, depth: int, dtype: torch.dtype) -> None:
        stack = layer_stack(core)
        assert stack is not None and 0 < depth <= len(stack)
        self.depth = depth
        self._core = core
        self._base: Any = core.base_model
        self._lower = list(stack)[:depth]
        self._first_only = depth == len(stack) and reads_first_token(core)
        self.dtype = dtype
        self._known: list[States] = []
        self._keys: list[bytes] = []
        self._counts: Tensor | None = None
        self._recording = False

    def size(self, rows: int, tokens: int) -> int:
        """Bytes that are kept of so many rows with so many tokens in all."""
        count = rows if self._first_only else tokens
        return count * int(self._core.config.hidden_size) * self.dtype.itemsize

    def key(self, rows: Iterable[Sequence[int]], *more: str) -> str:
        """SHA-256 over all that decides the vectors: weights, architecture, rows, versions.

        Args:
            rows: Tokens of each row, in order.
            more: Whatever else the caller knows of.
        """
        about = (self.depth, str(self.dtype), self._first_only, *more)
        return content_key(self._core, self._weights, about, rows)

    @cached_property
    def _weights(self) -> bytes:
        return weights_digest(self._core, frozen_names(self._core, self.depth))

    def compute(self, calls: Iterable[Callable[[], Any]], folder: Path) -> None:
        """Write what the frozen layers give for the rows that the network is called with.

        Args:
            calls: Each calls the network with a batch.
            folder: Empty; gets ``index.npy`` and ``vectors.bin``.

        Raises:
            Unfit: If the base is not asked for its output on tokens alone, or its layers give
                more than one tensor.
        """
        index: dict[bytes, tuple[int, int]] = {}
        position = 0
        with (folder / "vectors.bin").open("wb") as file, self._as_recorder():
            for call in calls:
                self._keys = []
                position = self._write(_states_of(call), file, index, position)
        rows = [(key, start, count) for key, (start, count) in index.items()]
        np.save(folder / "index.npy", np.array(rows, INDEX))

    def know(self, folder: Path, _rows: Sequence[Any]) -> None:
        """Use what :meth:`compute` wrote, wherever the base is called with these rows."""
        index = np.load(folder / "index.npy")
        places = {
            row["key"].ljust(16, b"\0"): (int(row["start"]), int(row["count"])) for row in index
        }
        kind = np.int16 if self.dtype is torch.bfloat16 else np.float32
        mapped: NDArray[Any] = np.memmap(folder / "vectors.bin", kind, mode="c")
        vectors = torch.from_numpy(mapped).view(self.dtype)
        width = len(vectors) // max(1, sum(count for _, count in places.values()))
        self._known.append(States(places, vectors.view(-1, width)))
        self._base.forward = MethodType(self._forward, self._base)

    def forget(self) -> None:
        """Let the base compute everything again."""
        self._known.clear()
        vars(self._base).pop("forward", None)

    @contextmanager
    def _as_recorder(self) -> Iterator[None]:
        def end(_module: nn.Module, _inputs: Any, output: Any) -> None:
            raise _Enough(output)

        hook = self._lower[-1].register_forward_hook(end)
        self._base.forward = MethodType(self._forward, self._base)
        self._recording = True
        try:
            yield
        finally:
            self._recording = False
            hook.remove()
            if not self._known:
                vars(self._base).pop("forward", None)

    def _write(
        self, states: Tensor, file: Any, index: dict[bytes, tuple[int, int]], position: int
    ) -> int:
        if not self._keys or self._counts is None or len(states) != len(self._keys):
            raise Unfit
        kept = states.detach().to("cpu", self.dtype)
        raw = kept.view(torch.int16) if self.dtype is torch.bfloat16 else kept
        for key, row, length in zip(self._keys, raw, self._counts.tolist(), strict=True):
            count = 1 if self._first_only else length
            if key not in index:
                index[key] = (position, count)
                file.write(row[:count].contiguous().numpy().tobytes())
                position += count
        return position

    def _forward(
        self, base: Any, input_ids: Any = None, attention_mask: Any = None, *more: Any, **named: Any
    ) -> Any:
        """The base's own forward pass, from above the frozen layers where all rows are known."""
        own: Any = type(base).forward
        keys = None
        if not more and input_ids is not None and _is_plain(attention_mask, named):
            keys = row_keys(input_ids, attention_mask, named.get("token_type_ids"))
        named = {"attention_mask": attention_mask, **named}
        if keys is not None and self._recording:
            self._keys, self._counts = keys, attention_mask.sum(1)
        elif keys is not None:
            states = self._found(keys, input_ids)
            if states is not None:
                with self._given(states):
                    return own(base, input_ids, *more, **named)
        return own(base, input_ids, *more, **named)

    def _found(self, keys: list[bytes], ids: Tensor) -> Tensor | None:
        """(rows, length, width) vectors of known rows; zeros for padding."""
        for known in self._known:
            if all(key in known.places for key in keys):
                break
        else:
            return None
        width = known.vectors.size(1)
        length = 1 if self._first_only else ids.size(1)
        states = torch.zeros(len(keys), length, width, dtype=self.dtype)
        for number, key in enumerate(keys):
            start, count = known.places[key]
            states[number, :count] = known.vectors[start : start + count]
        states = states.to(ids.device, non_blocking=True)
        if not torch.is_autocast_enabled(ids.device.type):
            states = states.float()
        return states.expand(-1, ids.size(1), -1) if self._first_only else states

    @contextmanager
    def _given(self, states: Tensor) -> Iterator[None]:
        """While it is open the frozen layers hand on, and the uppermost gives the states."""
        with ExitStack() as stack:
            for layer in self._lower[:-1]:
                stack.enter_context(_instead(layer, lambda hidden, *_, **__: hidden))
            stack.enter_context(_instead(self._lower[-1], lambda *_, **__: states))
            if self._core.config.model_type in PLAIN:
                embeddings = self._base.embeddings
                stack.enter_context(_instead(embeddings, lambda *_, **__: states))
            yield


def content_key(
    core: PreTrainedModel, weights: bytes, about: Iterable[Any], rows: Iterable[Sequence[int]]
) -> str:
    """SHA-256 over all that decides what frozen layers give: weights, architecture, rows, versions.

    Args:
        core: The network.
        weights: Digest of those that are frozen.
        about: Whatever else decides it.
        rows: What stands for each row, in order.
    """
    config = core.config.to_diff_dict()
    said = {key: value for key, value in config.items() if key not in OF_THE_HEAD}
    whole = [said, *about, version("torch"), version("transformers")]
    digest = hashlib.sha256(json.dumps(whole, sort_keys=True, default=str).encode())
    digest.update(weights)
    for row in rows:
        digest.update(np.asarray(row, np.int64).tobytes() + b"\n")
    return digest.hexdigest()


def weights_digest(core: PreTrainedModel, names: Iterable[str]) -> bytes:
    """SHA-256 of parameters and their names."""
    digest = hashlib.sha256()
    parameters = dict(core.named_parameters())
    for name in names:
        digest.update(name.encode())
        digest.update(parameters[name].detach().cpu().contiguous().numpy().data)
    return digest.digest()


def frozen_depth(core: PreTrainedModel, moving: Collection[str]) -> int:
    """How many layers from the input on no moving parameter is in or below; 0 without a stack."""
    if core.config.is_encoder_decoder or layer_stack(core) is None:
        return 0
    depth = 0
    for group in depth_groups(core):
        if any(name in moving for name in group.parameters):
            break
        depth += group.name.startswith("layer.")
    return depth


def frozen_names(core: PreTrainedModel, depth: int) -> list[str]:
    """The parameters of the embeddings and this many layers."""
    lower = {EMBEDDINGS, *(f"layer.{number}" for number in range(depth))}
    return [
        name for group in depth_groups(core) if group.name in lower for name in group.parameters
    ]


def row_keys(ids: Tensor, mask: Tensor, types: Tensor | None) -> list[bytes] | None:
    """A key for each row's tokens and types; None where padding does not stand at the end.

    Args:
        ids: (rows, length) tokens.
        mask: (rows, length), 1 where there is a token.
        types: (rows, length) which of two texts a token is of.
    """
    counts = mask.sum(1)
    places = torch.arange(mask.size(1), device=mask.device)
    if not bool(((places < counts.unsqueeze(1)) == mask.bool()).all()):
        return None
    parts = ids if types is None else torch.stack([ids, types], -1)
    rows = parts.cpu().numpy()
    return [
        hashlib.blake2b(row[:count].tobytes(), digest_size=16).digest()
        for row, count in zip(rows, counts.tolist(), strict=True)
    ]


def _is_plain(mask: Any, named: dict[str, Any]) -> bool:
    """Whether the base is asked for its output on tokens and nothing else."""
    more = {key: value for key, value in named.items() if key != "token_type_ids"}
    usual = all(value is None or isinstance(value, bool) for value in more.values())
    asks = more.get("output_hidden_states") or more.get("output_attentions")
    return isinstance(mask, Tensor) and mask.ndim == 2 and usual and not asks


def _states_of(call: Callable[[], Any]) -> Tensor:
    """What the uppermost frozen layer gave in a call: (rows, length, width)."""
    try:
        call()
    except _Enough as enough:
        states = enough.args[0]
        if isinstance(states, Tensor) and states.ndim == 3:
            return states
    raise Unfit


@contextmanager
def _instead(module: nn.Module, forward: Callable[..., Any]) -> Iterator[None]:
    """While it is open the module computes this."""
    before = vars(module).get("forward")
    module.forward = forward
    try:
        yield
    finally:
        if before is None:
            del module.forward
        else:
            module.forward = before
