"""Images as a network's input, with the numbers of the base's image processor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Self

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL.Image import Image as Picture
from transformers import AutoImageProcessor, BaseImageProcessor

KNOWN = ("ViT", "ConvNext", "Bit", "DeiT")
"""What image processors are called that do nothing but what is done here."""

WARPED_FROM = 384
"""Side from which on ConvNeXt's images are squeezed into a square, not cut."""


class ImageProcessor:
    """Resizing, cutting of the centre and normalising, in two steps between which images change.

    transformers' processors give the same numbers, with Pillow; with torchvision, which resizes
    otherwise, they give others, so what a model saw would depend on what is installed.

    Args:
        theirs: transformers' processor, for its numbers, and to be saved beside the model.

    Raises:
        ValueError: If it does more with images than is known here, or leaves them of many sizes.
    """

    def __init__(self, theirs: BaseImageProcessor) -> None:
        self._theirs = theirs
        name = type(theirs).__name__.split("ImageProcessor")[0]
        if name not in KNOWN:
            raise ValueError(f"image processors of the kind {type(theirs).__name__} are not known")
        numbers: dict[str, Any] = theirs.to_dict()
        self._steps = {key: bool(numbers.get(f"do_{key}")) for key in ("resize", "center_crop")}
        self._ratio = numbers.get("crop_pct") if name == "ConvNext" else None
        if not (self._steps["center_crop"] or self._ratio or "height" in numbers["size"]):
            raise ValueError("the image processor gives images of different sizes")
        self._resample = PIL.Image.Resampling(numbers["resample"])
        channels = (numbers["image_mean"], numbers["image_std"])
        mean, std = channels if numbers["do_normalize"] else ([0.0] * 3, [1.0] * 3)
        factor = numbers["rescale_factor"] if numbers["do_rescale"] else 1.0
        self._scale = (factor / np.array(std, dtype=np.float64)).astype(np.float32)
        self._shift = (np.array(mean) / np.array(std)).astype(np.float32)

    @classmethod
    def from_pretrained(cls, folder: Path) -> Self:
        """What stands in a folder's ``preprocessor_config.json``.

        Raises:
            OSError: If there is none.
            ValueError: If it is of an unknown kind.
        """
        return cls(AutoImageProcessor.from_pretrained(folder, backend="pil"))  # type: ignore[no-untyped-call]

    def save_pretrained(self, folder: Path) -> None:
        """Write it so that transformers' ``AutoImageProcessor`` reads it."""
        self._theirs.save_pretrained(folder)

    @property
    def numbers(self) -> str:
        """All that decides what it gives of a picture, as JSON."""
        return json.dumps(self._theirs.to_dict(), sort_keys=True, default=str)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of what the network is given."""
        name = "crop_size" if self._steps["center_crop"] else "size"
        size: dict[str, int] = dict(getattr(self._theirs, name))
        edge = size.get("shortest_edge")
        return (edge, edge) if edge else (size["height"], size["width"])

    def scale_to(self, pixels: int) -> None:
        """Give the network squares of this side; the share that cutting leaves stays."""
        factor = pixels / min(self.size)
        for name in ("size", "crop_size"):
            sides = getattr(self._theirs, name, None)
            if sides:
                grown = {key: round(side * factor) for key, side in dict(sides).items() if side}
                setattr(self._theirs, name, grown)

    def fit(self, picture: Picture) -> Picture:
        """The picture, resized and cut.

        Args:
            picture: Of mode ``RGB``.
        """
        size: Any = self._theirs.size  # type: ignore[attr-defined]
        if self._steps["resize"]:
            picture = self._resized(picture, size)
        return centre(picture, *self.size) if self._steps["center_crop"] else picture

    def pixels(self, picture: Picture) -> NDArray[np.float32]:
        """A fitted picture as numbers: (3, height, width)."""
        values = np.asarray(picture, dtype=np.float32) * self._scale - self._shift
        pixels: NDArray[np.float32] = values.transpose(2, 0, 1)
        return pixels

    def _resized(self, picture: Picture, size: Any) -> Picture:
        edge = size.get("shortest_edge")
        if not edge:
            return picture.resize((size["width"], size["height"]), self._resample)
        if self._ratio is None:
            return picture.resize(_by_shorter(picture, edge), self._resample)
        if edge >= WARPED_FROM:
            return picture.resize((edge, edge), self._resample)
        larger = _by_shorter(picture, int(edge / self._ratio))
        return centre(picture.resize(larger, self._resample), edge, edge)


def centre(picture: Picture, height: int, width: int) -> Picture:
    """The middle of a picture; black where that is larger than the picture."""
    left, top = (picture.width - width) // 2, (picture.height - height) // 2
    return picture.crop((left, top, left + width, top + height))


def _by_shorter(picture: Picture, edge: int) -> tuple[int, int]:
    """Width and height with a shorter side of ``edge``."""
    width, height = picture.size
    longer = int(edge * max(width, height) / min(width, height))
    return (edge, longer) if width <= height else (longer, edge)
