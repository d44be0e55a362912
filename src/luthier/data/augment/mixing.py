"""Which examples of a batch are mixed, and how: mixup and CutMix, for arrays of any library."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from luthier.core.lazy import lazy

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    np = lazy("numpy")

Array = TypeVar("Array", bound=Any)
"""An array of numpy or a tensor of torch."""


@dataclass(frozen=True)
class Mix:
    """Each example of a batch with its partner, and how much of itself it keeps."""

    partner: NDArray[np.int64]
    """(batch,) a permutation: the example that each is mixed with."""
    kept: float
    """Lambda: the share of each example that is its own, from 0 to 1."""

    def blend(self, values: Array) -> Array:
        """Each example's values and its partner's, added up by their shares.

        Of images and vectors under mixup; of labels, as probabilities, under both.

        Args:
            values: (batch, ...) floats.
        """
        blended: Array = values * self.kept + values[self.partner] * (1 - self.kept)
        return blended


@dataclass(frozen=True)
class Patch(Mix):
    """A mix in which a box of each image is its partner's."""

    rows: tuple[int, int]
    """First row of the box, and the first behind it."""
    columns: tuple[int, int]
    """First column of the box, and the first behind it."""

    def paste(self, images: Array) -> Array:
        """The images, each with its partner's box.

        Args:
            images: (batch, ..., height, width).
        """
        pasted: Array = images + 0
        box = (..., slice(*self.rows), slice(*self.columns))
        pasted[box] = images[self.partner][box]
        return pasted


def mixup(batch: int, alpha: float, random: np.random.Generator) -> Mix:
    """How to mix whole examples (Zhang et al. 2018).

    Args:
        batch: Examples.
        alpha: Lambda is drawn from Beta(alpha, alpha): near 0 or 1 where it is small, near one
            half where it is large.
        random: What chance decides with.
    """
    return Mix(random.permutation(batch), float(random.beta(alpha, alpha)))


def cutmix(batch: int, height: int, width: int, alpha: float, random: np.random.Generator) -> Patch:
    """How to mix images by boxes (Yun et al. 2019).

    The box has the share 1 - lambda of the area and its centre anywhere; what of it lies beyond
    the image is cut off, and ``kept`` is the exact share of pixels that are left.

    Args:
        batch: Images.
        height: Their rows.
        width: Their columns.
        alpha: Lambda is drawn from Beta(alpha, alpha).
        random: What chance decides with.
    """
    partner = random.permutation(batch)
    side = math.sqrt(1 - random.beta(alpha, alpha))
    rows = _span(height, side, random)
    columns = _span(width, side, random)
    area = (rows[1] - rows[0]) * (columns[1] - columns[0])
    return Patch(partner, 1 - area / (height * width), rows, columns)


def _span(length: int, share: float, random: np.random.Generator) -> tuple[int, int]:
    """Where a part of a side begins and ends, its centre anywhere on the side."""
    size, centre = int(length * share), int(random.integers(length))
    return max(0, centre - size // 2), min(length, centre - size // 2 + size)
