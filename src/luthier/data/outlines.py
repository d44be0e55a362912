"""Images as numbers that a linear model can judge by: outlines and colours, where they are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from luthier.data.images import open_image

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

CELLS, SIDE, TURNS = 4, 8, 8
"""Cells of a side of the image, pixels of a side of a cell, directions of an outline."""

WIDTH = CELLS * CELLS * (TURNS + 3)
"""Numbers that an image has."""


def outlines(value: Mapping[str, Any] | None) -> NDArray[np.float32]:
    """(WIDTH,) how strong outlines of each direction are in each cell, and its mean colour.

    Histograms of oriented gradients (Dalal and Triggs 2005), each cell of length one, at 32 by 32
    pixels whatever the shape.

    Args:
        value: Of type ``IMAGE``; None gives zeros.

    Raises:
        DataError: If the image cannot be read.
    """
    return np.zeros(WIDTH, dtype=np.float32) if value is None else _numbers(open_image(value))


def _numbers(picture: Picture) -> NDArray[np.float32]:
    side = CELLS * SIDE
    values = np.asarray(picture.resize((side, side)), dtype=np.float64) / 255
    down, across = np.gradient(values.mean(2))
    turn = (np.arctan2(down, across) % math.pi / math.pi * TURNS).astype(np.int64) % TURNS
    row, column = np.indices((side, side)) // SIDE
    place = (row * CELLS + column) * TURNS + turn
    weights: NDArray[np.float64] = np.hypot(down, across)
    found = np.bincount(place.ravel(), weights.ravel(), CELLS * CELLS * TURNS).reshape(-1, TURNS)
    # What is added keeps the noise of a plain cell from looking like outlines.
    length = np.sqrt((found**2).sum(1, keepdims=True) + 0.1)
    colours = values.reshape(CELLS, SIDE, CELLS, SIDE, 3).mean((1, 3))
    return np.concatenate([(found / length).ravel(), colours.ravel()]).astype(np.float32)
