"""All that changes during training: what a checkpoint holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from luthier.core.errors import RunError
from luthier.core.files import read_json, verify_folder, write_folder_atomic, write_json

if TYPE_CHECKING:
    from luthier.train.loop import Session


@dataclass
class Progress:
    """Counters and history; plain JSON."""

    step: int = 0
    best_step: int = 0
    best_value: float | None = None
    without_improvement: int = 0
    """Evaluations since the best."""
    rows: int = 0
    """Rows trained on so far, repetitions counted."""
    seconds: float = 0.0
    """Spent in training so far, over all sittings."""
    evaluations: list[dict[str, Any]] = field(default_factory=list)
    stopped: bool = False
    """Whether early stopping ended training."""


def trained_tensors(core: nn.Module, trained: Collection[str]) -> dict[str, Tensor]:
    """Parameters that move at some time, and buffers, by name: all of the network that changes."""
    tensors = {n: p.detach() for n, p in core.named_parameters() if n in trained}
    persistent = core.state_dict()
    tensors |= {n: b for n, b in core.named_buffers() if n in persistent}
    return tensors


def save_weights(core: nn.Module, trained: Collection[str], folder: Path) -> None:
    """Write what training changes of the network, atomically."""
    tensors = _plain(trained_tensors(core, trained))
    write_folder_atomic(folder, lambda place: save_file(tensors, place / "weights.safetensors"))


def load_weights(core: nn.Module, trained: Collection[str], folder: Path) -> None:
    """Read back what :func:`save_weights` wrote."""
    _check(folder)
    _fill(trained_tensors(core, trained), load_file(folder / "weights.safetensors"))


def save_checkpoint(session: Session, folder: Path) -> None:
    """Write all that is needed to go on as if never stopped, atomically."""
    core, optimizer = session.model.core, session.optimizer
    names = {id(parameter): name for name, parameter in core.named_parameters()}
    moments = {
        f"{names[id(parameter)]}|{key}": torch.as_tensor(value)
        for parameter, entry in optimizer.state.items()
        for key, value in entry.items()
    }

    def fill(place: Path) -> None:
        weights = trained_tensors(core, session.trained)
        save_file(_plain(weights), place / "weights.safetensors")
        save_file(_plain(moments), place / "optimizer.safetensors")
        save_file(_plain(_of_companions(session)), place / "companions.safetensors")
        write_json(place / "progress.json", asdict(session.progress))

    write_folder_atomic(folder, fill)


def load_checkpoint(session: Session, folder: Path) -> None:
    """Read back what :func:`save_checkpoint` wrote.

    Raises:
        RunError: If the checkpoint is damaged.
    """
    _check(folder)
    core, optimizer = session.model.core, session.optimizer
    _fill(trained_tensors(core, session.trained), load_file(folder / "weights.safetensors"))
    _fill(_of_companions(session), load_file(folder / "companions.safetensors"))
    parameters = dict(core.named_parameters())
    for key, value in load_file(folder / "optimizer.safetensors").items():
        name, _, entry = key.partition("|")
        parameter = parameters[name]
        on_device = value if entry == "step" else value.to(parameter.device)
        optimizer.state[parameter][entry] = on_device
    session.progress = Progress(**read_json(folder / "progress.json"))


def _of_companions(session: Session) -> dict[str, Tensor]:
    return {
        f"{number}|{name}": tensor
        for number, companion in enumerate(session.companions)
        for name, tensor in companion.tensors().items()
    }


def _check(folder: Path) -> None:
    problem = verify_folder(folder)
    if problem:
        raise RunError(
            "The checkpoint is damaged: {problem}.",
            where=str(folder),
            hint="Delete the run's folder and start again.",
            problem=problem,
        )


def _fill(own: Mapping[str, Tensor], tensors: Mapping[str, Tensor]) -> None:
    if set(own) != set(tensors):
        raise RunError(
            "The checkpoint is of another model: it holds {held} tensors, the recipe trains {own}.",
            held=len(tensors),
            own=len(own),
        )
    with torch.no_grad():
        for name, tensor in tensors.items():
            own[name].copy_(tensor)


def _plain(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Contiguous CPU tensors that share no memory, as safetensors wants them."""
    seen: set[int] = set()
    plain = {}
    for name, tensor in tensors.items():
        shared = tensor.data_ptr() in seen
        seen.add(tensor.data_ptr())
        plain[name] = tensor.cpu().clone() if shared else tensor.cpu().contiguous()
    return plain
