"""Examples of any lengths side by side in blocks, each as if it stood alone.

Positions restart with every document. From that transformers' decoders build a mask that is
causal within each document and closed between them, as long as they are given neither an
attention mask nor a cache (:func:`luthier.models.kernels.logits.defer_logits` turns the cache
off). A label at the start of a document would be predicted from the one before, so it is ignored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]

IGNORED = -100
"""Label of a token that is not trained."""


def fill_blocks(lengths: Sequence[int] | Numbers, size: int) -> list[list[int]]:
    """Which examples share a block: best fit, longest first (Johnson 1973).

    Args:
        lengths: (examples,) tokens of each.
        size: Tokens that a block has room for.

    Returns:
        For each block the numbers of its examples; every example is in one.

    Raises:
        ValueError: If an example is longer than a block.
    """
    sizes = np.asarray(lengths, dtype=np.int64)
    if len(sizes) and int(sizes.max()) > size:
        raise ValueError(f"an example of {int(sizes.max())} tokens in blocks of {size}")
    blocks: list[list[int]] = []
    # Bit n of `rooms` is set where some block has room for exactly n more tokens.
    rooms, by_room = 0, dict[int, list[int]]()
    for example in np.argsort(-sizes, kind="stable").tolist():
        need = int(sizes[example])
        enough = rooms >> need
        if enough:
            room = need + (enough & -enough).bit_length() - 1
            block = by_room[room].pop()
            if not by_room[room]:
                rooms &= ~(1 << room)
        else:
            room, block = size, len(blocks)
            blocks.append([])
        blocks[block].append(example)
        by_room.setdefault(room - need, []).append(block)
        rooms |= 1 << (room - need)
    return blocks


def join(examples: Sequence[Mapping[str, Any]]) -> dict[str, Numbers]:
    """One block of several examples: ``input_ids``, ``labels``, ``position_ids``, (length,) each.

    Args:
        examples: ``input_ids`` and, of the same length, ``labels`` of each.
    """
    ids = [np.asarray(example["input_ids"], dtype=np.int64) for example in examples]
    labels = [np.array(example["labels"], dtype=np.int64) for example in examples]
    for one in labels:
        one[:1] = IGNORED
    return {
        "input_ids": np.concatenate(ids),
        "labels": np.concatenate(labels),
        "position_ids": np.concatenate([np.arange(len(one)) for one in ids]),
    }


def positions(starts: Numbers, length: int) -> Numbers:
    """Positions of a block's tokens: (length,), 0 at its beginning and at every start.

    Args:
        starts: Places in the block where documents begin, ascending.
        length: Of the block.
    """
    number = np.arange(length)
    begins = np.concatenate([[0], starts]).astype(np.int64)
    return number - begins[np.searchsorted(begins, number, side="right") - 1]


def stack(blocks: Sequence[Mapping[str, Numbers]], padding: int) -> dict[str, Numbers]:
    """Blocks as one batch, (blocks, longest) each; what fills a block up is a document of its own.

    Args:
        blocks: From :func:`join`, or made like its result.
        padding: Token to fill up with.
    """
    longest = max(len(block["input_ids"]) for block in blocks)
    shape = (len(blocks), longest)
    batch = {
        "input_ids": np.full(shape, padding, dtype=np.int64),
        "labels": np.full(shape, IGNORED, dtype=np.int64),
        "position_ids": np.zeros(shape, dtype=np.int64),
    }
    for row, block in enumerate(blocks):
        length = len(block["input_ids"])
        for name, values in batch.items():
            values[row, :length] = block[name]
        batch["position_ids"][row, length:] = np.arange(longest - length)
    return batch
