"""From rows to pixels: decoding in threads, changes at random, mixtures."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import torch
from torch import Tensor

from luthier.core.cores import available_cores
from luthier.data.augment.images import ImageAugmentation
from luthier.data.augment.mixing import Mix, Patch, cutmix, mixup
from luthier.data.images import IMAGE, open_image
from luthier.models.images import ImageProcessor
from luthier.tasks.task import Batch, Example

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image as Picture

    from luthier.tasks.image import Mixing


@dataclass(frozen=True)
class Changes:
    """Random changes of images in one step of training."""

    augmentation: ImageAugmentation
    seeds: tuple[int, ...]
    """The run's seed and the step."""

    def __call__(self, picture: Picture, image: dict[str, Any]) -> Picture:
        """The picture, changed: by the seeds and by what the file holds or is called."""
        chance = int.from_bytes(digest(image, *map(str, self.seeds), size=8), "big")
        return self.augmentation(picture, Random(chance))


def digest(image: dict[str, Any], *before: str, size: int = 32) -> bytes:
    """So many bytes that tell what the file holds, or is called, and what else is given."""
    name = image["sha256"] or image["path"] or ""
    return hashlib.blake2b("\0".join((*before, name)).encode(), digest_size=size).digest()


def values(column: pl.Series) -> list[dict[str, Any]]:
    """Images of type ``IMAGE``, of a column of such or of paths."""
    empty = dict.fromkeys(field.name for field in IMAGE.fields)
    return [
        {**empty, **({"path": cell} if isinstance(cell, str) else cell)}
        for cell in column.to_list()
    ]


def names(column: pl.Series) -> pl.Series:
    """What the files of images are called; empty where they are none."""
    paths = [image["path"] or "" for image in values(column)]
    return pl.Series("text", paths, dtype=pl.String)


def decoded(
    examples: Sequence[Example], processor: ImageProcessor, changes: Changes | None = None
) -> Tensor:
    """The pixels of all images, (images, 3, height, width) in fp32.

    Raises:
        DataError: If one cannot be read.
    """

    def one(example: Example) -> NDArray[np.float32]:
        picture = processor.fit(open_image(example["image"]))
        if changes is not None:
            picture = changes(picture, example["image"])
        return processor.pixels(picture).transpose(1, 2, 0)

    # Channels last in memory: a step of a ResNet on a CPU takes a tenth less.
    stacked = np.stack(list(_workers().map(one, examples)))
    return torch.from_numpy(stacked).permute(0, 3, 1, 2)


def mixed(batch: Batch, mixing: Mixing, seeds: Sequence[int]) -> Batch:
    """The batch, each image mixed with another of it, if chance wills.

    Args:
        batch: With ``pixel_values`` and ``labels``.
        mixing: What the recipe says.
        seeds: Of the micro-batch.
    """
    random = np.random.default_rng([*seeds, 1])
    if random.random() >= mixing.probability:
        return batch
    pixels, labels = batch["pixel_values"], batch["labels"]
    count, (height, width) = len(labels), pixels.shape[-2:]
    mix: Mix = (
        mixup(count, mixing.alpha, random) if mixing.kind == "mixup"
        else cutmix(count, height, width, mixing.alpha, random)
    )  # fmt: skip
    return {
        "pixel_values": mix.paste(pixels) if isinstance(mix, Patch) else mix.blend(pixels),
        "labels": labels,
        "_partner_labels": labels[torch.from_numpy(mix.partner)],
        "_kept": torch.full((len(labels),), mix.kept),
    }


@cache
def _workers() -> ThreadPoolExecutor:
    """Threads that decode: Pillow works outside of Python's lock."""
    return ThreadPoolExecutor(available_cores(), thread_name_prefix="luthier-images")
