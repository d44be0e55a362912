"""Predictions for encoded rows: the one path that training, evaluation and serving share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

from luthier.core.ahead import made_ahead
from luthier.data.batch import Rows, batches_by_length
from luthier.models import kernels
from luthier.models.devices import device
from luthier.models.model import Model
from luthier.tasks.task import Batch, Example, Predictions, Task

MAX_TOKENS = 16_384
"""Token budget of a batch, padding included."""


def predict(
    model: Model,
    task: Task,
    examples: Sequence[Example],
    *,
    batch_size: int = 64,
    on_rows: Callable[[int], None] | None = None,
    on_output: Callable[[Any, Batch], None] | None = None,
) -> Predictions:
    """The task's prediction for every row behind the examples, in order, computed in fp32.

    Examples are batched by length; the result does not depend on ``batch_size``.
    ``on_rows`` is told how many examples each batch had; ``on_output`` what the network gave,
    and the whole batch on its device.
    """
    place = device()
    model.network.to(place).eval()
    kernels.use_standard(model.core)
    task.adjust(model.core)
    lengths = task.sizes(examples)
    decoded: list[Any] = [None] * len(examples)
    with torch.inference_mode():
        for rows, batch in _batches(task, examples, lengths, batch_size):
            output = task.compute(model.network, batch, place)
            if on_output:
                on_output(output, {name: tensor.to(place) for name, tensor in batch.items()})
            values = task.decode(output, batch)
            for row, value in zip(rows, values, strict=True):
                decoded[row] = value
            if on_rows:
                on_rows(len(rows))
    return task.gather(decoded, examples)


def _batches(
    task: Task, examples: Sequence[Example], lengths: Rows, batch_size: int
) -> Iterator[tuple[Rows, Batch]]:
    """The rows of each batch, and the batch; where that takes long, the next one meanwhile."""

    def collated(rows: Rows) -> Batch:
        return task.collate([examples[row] for row in rows])

    groups = batches_by_length(lengths, batch_size, MAX_TOKENS)
    if task.slow_to_collate:
        return made_ahead(collated, groups)
    return ((rows, collated(rows)) for rows in groups)
