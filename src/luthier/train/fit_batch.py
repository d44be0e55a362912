"""How many rows a micro-batch should have: measured on the longest rows before the first step."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from luthier.models.devices import choose_precision, device, memory_free, memory_peak
from luthier.train.apart import Apart
from luthier.train.loop import Session, prepare_to_train
from luthier.train.step import accumulate

ROOM = 0.8
"""Share of the free memory that a micro-batch may take."""
AS_FAST = 0.97
"""Share of the highest speed from which on a size counts as fast."""
MOMENTS = 2
"""Numbers that an optimizer keeps for each of a parameter, at most."""
REPEATS = 2
"""Times that each size is measured; the fastest counts."""


@dataclass(frozen=True)
class Trial:
    """One size that was tried."""

    batch_size: int
    rows_per_second: float
    peak: int
    """Bytes above what was held before."""


@dataclass(frozen=True)
class Fitted:
    """The size that was chosen, and the trials behind it."""

    batch_size: int
    max_tokens: int
    """What a batch of so many of the longest rows has."""
    tried: list[Trial]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


def fit_batch(session: Session) -> Fitted:
    """Try micro-batches of ever more of the longest rows, until memory or the step has no more.

    A size divides the rows of a step, so that the update is the same whatever is chosen: the
    largest that is as fast as any. Weights and running statistics are left as they are.
    """
    core, place = session.model.core, device()
    buffers = [(buffer, buffer.clone()) for buffer in core.buffers()]
    free = memory_free(place)
    moments = 4 * MOMENTS * sum(p.numel() for p in core.parameters() if p.requires_grad)
    rows = session.rows_per_step
    held = memory_peak(place)
    prepare_to_train(session)
    tried: list[Trial] = []
    for size in (n for n in range(1, rows + 1) if rows % n == 0):
        if tried and free is not None:
            needed = moments + tried[-1].peak * size / tried[-1].batch_size
            if needed > ROOM * free:
                break
        try:
            seconds = min(_seconds(session, size) for _ in range(REPEATS))
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
            break
        tried.append(Trial(size, size / seconds, memory_peak(place) - held))
    session.optimizer.zero_grad()
    with torch.no_grad():
        for buffer, kept in buffers:
            buffer.copy_(kept)
    return choose(tried, longest=int(session.lengths.max()))


def choose(tried: list[Trial], *, longest: int) -> Fitted:
    """The largest size that is as fast as any; 1 where not even that had room."""
    fastest = max((trial.rows_per_second for trial in tried), default=0.0)
    fast = [t.batch_size for t in tried if t.rows_per_second >= AS_FAST * fastest]
    size = max(fast, default=1)
    return Fitted(size, size * longest, tried)


def _seconds(session: Session, size: int) -> float:
    """Time of a micro-batch of the longest rows, forward and backward."""
    task, place = session.task, device()
    longest = np.argsort(-session.lengths, kind="stable")[:size]
    examples = [session.examples[row] for row in longest]
    seeds = (session.settings.seed, 0)
    batch = {**task.collate_to_train(examples, (*seeds, 0)), **task.of_step(examples)}
    started = time.perf_counter()
    accumulate(
        session.model.network, task, [batch],
        place=place, precision=choose_precision(session.settings.precision, place), seeds=seeds,
        apart=Apart(session.model.core) if task.apart else None, companions=session.companions,
    )  # fmt: skip
    if place.type == "cuda":
        torch.cuda.synchronize(place)
    return time.perf_counter() - started
