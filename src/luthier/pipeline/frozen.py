"""Whether what frozen layers give is kept: decided, computed once and told."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from luthier.core.files import restore_folder, write_folder_atomic
from luthier.data.batch import batches_by_length
from luthier.data.cache import cached, remember
from luthier.evaluation.predict import MAX_TOKENS
from luthier.models import kernels
from luthier.models.devices import autocast, choose_precision, device
from luthier.models.outputs import largest_change, tensors_of
from luthier.models.prefix import Prefix, Unfit, frozen_depth
from luthier.tasks.task import Example, Task, inputs_of
from luthier.train.events import Reused
from luthier.train.loop import Session

LEAST_USES = 2.0
"""Passes over the training rows from which on it pays."""

MOST_BYTES = 2 * 2**30
"""What is kept of one set of rows is at most this large."""

BATCH = 64
"""Rows of a batch of the pass that computes it."""

FEW = 16
"""Rows on which the outputs with and without it are compared."""

CLOSE = {torch.float32: 1e-4, torch.bfloat16: 0.1}
"""How far an output may be from that without it: by its rounding, but no more."""


Rows = tuple[Task, Sequence[Example]]
"""Encoded rows, with the task that makes batches of them."""


def keep_frozen(session: Session, measured: Sequence[Rows], folder: Path) -> None:
    """Compute what frozen lower layers give for all rows once, where that saves time.

    It does where the lowest layers never move, no row is changed at random, no companion looks
    into the base, rows are used at least twice, and what is kept is not too large.

    Args:
        session: Ready to train; it is told what is kept.
        measured: Other rows that the network is asked about in training.
        folder: Of the stage's checkpoints; used where there is no cache.
    """
    core = session.model.core
    depth = frozen_depth(core, session.trained) if _may(session) else 0
    if not depth:
        return
    precision = choose_precision(session.settings.precision, device())
    prefix = Prefix(core, depth, torch.bfloat16 if precision == "bf16" else torch.float32)
    sets = [(session.task, session.examples), *measured]
    if any(prefix.size(len(rows), int(task.sizes(rows).sum())) > MOST_BYTES for task, rows in sets):
        return
    started = time.perf_counter()
    _ready(session)
    try:
        computed = sum(_know(session, prefix, *rows, folder) for rows in sets)
    except Unfit:
        return
    if not _agrees(session, prefix):
        prefix.forget()
        return
    session.known = prefix
    session.told = Reused(
        0, layers=depth, rows=len(session.examples), computed=computed,
        uses=round(session.total_steps / session.steps_per_epoch, 2),
        seconds=round(time.perf_counter() - started, 2),
    )  # fmt: skip


def _may(session: Session) -> bool:
    """Whether rows give the frozen layers the same input each time, often enough."""
    task, uses = session.task, session.total_steps / session.steps_per_epoch
    return (
        session.settings.reuse_frozen
        and uses >= LEAST_USES
        and task.reads == "text"
        and type(task).collate_to_train is Task.collate_to_train
        and not any(companion.looks_inside for companion in session.companions)
    )


def _ready(session: Session) -> None:
    """Evaluation mode, with the kernels of training."""
    session.model.network.eval()
    if device().type == "cpu":
        kernels.use_fast(session.model.core)
        session.model.network.eval()


def _know(
    session: Session, prefix: Prefix, task: Task, rows: Sequence[Example], folder: Path
) -> int:
    """Let the prefix know rows; how many of them were computed for it."""
    key = f"frozen-{prefix.key((task.given(row) for row in rows), device().type)}"
    place = cached(key)
    new = place is None

    def fill(empty: Path) -> None:
        prefix.compute(_calls(session, task, rows), empty)

    if place is None:
        place = remember(key, fill)
    if place is None:
        place = folder / key
        new = not restore_folder(place)
        if new:
            write_folder_atomic(place, fill)
    prefix.know(place)
    return len(rows) * new


def _calls(session: Session, task: Task, rows: Sequence[Example]) -> Iterator[Callable[[], Any]]:
    """The network on batches of rows, each to be called."""
    place = device()
    precision = choose_precision(session.settings.precision, place)
    for numbers in batches_by_length(task.sizes(rows), BATCH, MAX_TOKENS):
        batch = inputs_of(task.collate([rows[number] for number in numbers]))
        inputs = {name: tensor.to(place) for name, tensor in batch.items()}

        def call(inputs: dict[str, Tensor] = inputs) -> Any:
            with torch.inference_mode(), autocast(precision, place):
                return session.model.network(**inputs)

        yield call


def _agrees(session: Session, prefix: Prefix) -> bool:
    """Whether the network gives with the prefix what it gives without, on a few rows."""
    few = [session.examples[row] for row in range(min(FEW, len(session.examples)))]
    call = next(_calls(session, session.task, few))
    ours = list(tensors_of(call()))
    prefix.off = True
    try:
        plain = list(tensors_of(call()))
    finally:
        prefix.off = False
    return largest_change(plain, ours) < CLOSE[prefix.dtype]
