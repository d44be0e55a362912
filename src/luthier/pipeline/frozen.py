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
from luthier.models.families import layer_stack
from luthier.models.features import Features
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
    kept = _keeper(session) if _may(session) else None
    if kept is None:
        return
    sets = [(session.task, session.examples), *measured]
    if any(kept.size(len(rows), int(task.sizes(rows).sum())) > MOST_BYTES for task, rows in sets):
        return
    started = time.perf_counter()
    _ready(session)
    few = [session.examples[row] for row in range(min(FEW, len(session.examples)))]
    plain = _answers(session, few)
    try:
        computed = sum(_know(session, kept, *rows, folder) for rows in sets)
    except Unfit:
        kept.forget()
        return
    if largest_change(plain, _answers(session, few)) >= CLOSE[_precision(session)]:
        kept.forget()
        return
    session.known = kept
    session.told = Reused(
        0, layers=_depth(session), rows=len(session.examples), computed=computed,
        uses=round(session.total_steps / session.steps_per_epoch, 2),
        seconds=round(time.perf_counter() - started, 2),
    )  # fmt: skip


def _may(session: Session) -> bool:
    """Whether rows give the frozen layers the same input each time, often enough."""
    uses = session.total_steps / session.steps_per_epoch
    return (
        session.settings.reuse_frozen
        and uses >= LEAST_USES
        and session.task.shows_alike
        and not any(companion.looks_inside for companion in session.companions)
    )


def _keeper(session: Session) -> Prefix | Features | None:
    """What keeps the output of the frozen layers; None where too little is frozen."""
    core, depth = session.model.core, _depth(session)
    if depth and session.task.reads == "text":
        return Prefix(core, depth, _precision(session))
    stack = layer_stack(core)
    whole = stack is not None and depth == len(stack)
    return Features(core, depth) if whole and session.task.reads == "image" else None


def _depth(session: Session) -> int:
    return frozen_depth(session.model.core, session.trained)


def _precision(session: Session) -> torch.dtype:
    """What training computes in."""
    chosen = choose_precision(session.settings.precision, device())
    return torch.bfloat16 if chosen == "bf16" else torch.float32


def _ready(session: Session) -> None:
    """Evaluation mode, with the kernels of training."""
    session.model.network.eval()
    if device().type == "cpu":
        kernels.use_fast(session.model.core)
        session.model.network.eval()


def _know(
    session: Session, kept: Prefix | Features, task: Task, rows: Sequence[Example], folder: Path
) -> int:
    """Let rows be known; how many of them were computed for it."""
    about = (device().type, str(_precision(session)))
    key = f"frozen-{kept.key((task.given(row) for row in rows), *about)}"
    place = cached(key)
    new = place is None

    def fill(empty: Path) -> None:
        kept.compute(_calls(session, task, rows), empty)

    if place is None:
        place = remember(key, fill)
    if place is None:
        place = folder / key
        new = not restore_folder(place)
        if new:
            write_folder_atomic(place, fill)
    kept.know(place, rows)
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


def _answers(session: Session, rows: Sequence[Example]) -> list[Tensor]:
    """What the network gives for a few rows."""
    return list(tensors_of(next(_calls(session, session.task, rows))()))
