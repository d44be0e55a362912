"""Predictions for encoded rows: the one path that training, evaluation and serving share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from luthier.data.batch import batches_by_length
from luthier.models import kernels
from luthier.models.devices import device
from luthier.models.model import Model
from luthier.tasks.task import Example, Task

MAX_TOKENS = 16_384
"""Token budget of a batch, padding included."""


def predict(
    model: Model,
    task: Task,
    examples: Sequence[Example],
    *,
    batch_size: int = 64,
    on_rows: Callable[[int], None] | None = None,
) -> NDArray[Any]:
    """The task's prediction for every example, in order, computed in fp32.

    Rows are batched by length; the result does not depend on ``batch_size``.
    ``on_rows`` is told how many rows each batch had.
    """
    place = device()
    model.network.to(place).eval()
    kernels.use_standard(model.core)
    lengths = np.array([len(example["input_ids"]) for example in examples])
    results: list[NDArray[Any]] = []
    order: list[int] = []
    with torch.inference_mode():
        for rows in batches_by_length(lengths, batch_size, MAX_TOKENS):
            batch = task.collate([examples[row] for row in rows])
            inputs = {k: v.to(place) for k, v in batch.items() if k != "labels"}
            results.append(task.decode(model.network(**inputs), batch))
            order += rows.tolist()
            if on_rows:
                on_rows(len(rows))
    predictions = np.concatenate(results)
    return predictions[np.argsort(order)]
