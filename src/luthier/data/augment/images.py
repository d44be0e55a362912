"""Changed images: each change is a pure function with exact parameters, and chance draws those."""

from __future__ import annotations

import io
import math
from random import Random
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from luthier.core.config import Config
from luthier.core.lazy import lazy

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image as Picture
else:
    np = lazy("numpy")
pillow: Any = lazy("PIL.Image")
draw: Any = lazy("PIL.ImageDraw")
enhance: Any = lazy("PIL.ImageEnhance")
stat: Any = lazy("PIL.ImageStat")

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; right and bottom are the first beyond it."""

RATIO = (3 / 4, 4 / 3)
"""Width over height of a crop, as in Szegedy et al. 2015, relative to that of the image."""

ERASED_RATIO = (0.3, 1 / 0.3)
"""Width over height of what is erased, as in Zhong et al. 2020."""

QUALITY = 95
"""Of JPEG."""

Probability = Annotated[float, Field(ge=0, le=1)]


def crop(image: Picture, box: Box) -> Picture:
    """What is in the box, in the size of the image.

    Args:
        image: Of any mode.
        box: Within the image.
    """
    # Resizing with a box would blend what stands beside it into the edges.
    return image.crop(box).resize(image.size, pillow.Resampling.BILINEAR)


def flip(image: Picture) -> Picture:
    """The image with left and right exchanged."""
    return image.transpose(pillow.Transpose.FLIP_LEFT_RIGHT)


def colour(
    image: Picture, brightness: float = 1.0, contrast: float = 1.0, saturation: float = 1.0
) -> Picture:
    """The image with other colours; 1 leaves each as it is, 0 gives black, grey, or no colour.

    Args:
        image: Of mode ``L`` or ``RGB``.
        brightness: Factor of all values.
        contrast: Factor of their distance from the mean.
        saturation: Factor of their distance from grey.
    """
    ways = ((enhance.Brightness, brightness), (enhance.Contrast, contrast),
            (enhance.Color, saturation))  # fmt: skip
    for way, factor in ways:
        image = way(image).enhance(factor) if factor != 1 else image
    return image


def rotate(image: Picture, degrees: float) -> Picture:
    """The image turned about its centre; the corners that come in have its mean colour.

    Args:
        image: Of mode ``L`` or ``RGB``.
        degrees: Counter-clockwise.
    """
    return image.rotate(degrees, pillow.Resampling.BILINEAR, fillcolor=mean_colour(image))


def erase(image: Picture, box: Box) -> Picture:
    """The image with its mean colour in the box (DeVries and Taylor 2017, Cutout).

    Args:
        image: Of mode ``L`` or ``RGB``.
        box: Within the image.
    """
    done, (left, top, right, bottom) = image.copy(), box
    draw.Draw(done).rectangle((left, top, right - 1, bottom - 1), fill=mean_colour(image))
    return done


def mean_colour(image: Picture) -> tuple[int, ...]:
    """The mean of each channel, rounded."""
    return tuple(round(value) for value in stat.Stat(image).mean)


def drawn_box(
    size: tuple[int, int], random: Random, share: tuple[float, float], ratio: tuple[float, float]
) -> Box:
    """A box somewhere in an image: random resized crop, random erasing.

    Sides are rounded to pixels and are no longer than those of the image, so a share may be
    missed by a little, and where the ratio does not fit, by more.

    Args:
        size: Width and height of the image.
        random: What chance decides with.
        share: Least and greatest share of the image's area, drawn uniformly.
        ratio: Least and greatest width over height relative to that of the image, drawn
            uniformly in the logarithm.
    """
    width, height = size
    area = random.uniform(*share)
    stretch = math.exp(random.uniform(math.log(ratio[0]), math.log(ratio[1])))
    wide = min(width, max(1, round(width * math.sqrt(area * stretch))))
    high = min(height, max(1, round(height * math.sqrt(area / stretch))))
    left, top = random.randint(0, width - wide), random.randint(0, height - high)
    return left, top, left + wide, top + high


class ImageAugmentation(Config):
    """How images are changed at random, each time one is shown to a model.

    Changes are made in the order of the fields, and each draws from a chance of its own: turning
    one off leaves the others as they were.
    """

    crop: Probability = 0.0
    """Probability that a part is cut out and enlarged to the size of the image."""
    crop_least: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Share of the image's area that is left at least."""
    flip: Probability = 0.0
    """Probability that left and right are exchanged. Not where they matter, as in letters."""
    colour: Probability = 0.0
    """Probability that brightness, contrast and saturation change."""
    brightness: Annotated[float, Field(ge=0, le=1)] = 0.2
    """By what factor brightness changes at most: 0.2 is from 0.8 to 1.2."""
    contrast: Annotated[float, Field(ge=0, le=1)] = 0.2
    """The same of contrast."""
    saturation: Annotated[float, Field(ge=0, le=1)] = 0.2
    """The same of saturation."""
    rotate: Probability = 0.0
    """Probability that the image is turned."""
    degrees: Annotated[float, Field(ge=0, le=180)] = 10.0
    """By how many degrees at most, either way."""
    cutout: Probability = 0.0
    """Probability that a box is covered with the image's mean colour."""
    cutout_most: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Share of the image's area that the box has at most; a tenth of it at least."""

    @property
    def changes(self) -> bool:
        """Whether anything can change."""
        return any((self.crop, self.flip, self.colour, self.rotate, self.cutout))

    def __call__(self, image: Picture, random: Random) -> Picture:
        """The image, changed; of the same size and mode.

        Args:
            image: Of mode ``L`` or ``RGB``.
            random: What chance decides with.
        """
        chances = [Random(random.getrandbits(64)) for _ in range(5)]
        if self._happens(self.crop, chances[0]):
            image = crop(image, drawn_box(image.size, chances[0], (self.crop_least, 1), RATIO))
        if self._happens(self.flip, chances[1]):
            image = flip(image)
        if self._happens(self.colour, chances[2]):
            spans = (self.brightness, self.contrast, self.saturation)
            image = colour(image, *(chances[2].uniform(1 - span, 1 + span) for span in spans))
        if self._happens(self.rotate, chances[3]):
            image = rotate(image, chances[3].uniform(-self.degrees, self.degrees))
        if self._happens(self.cutout, chances[4]):
            share = (self.cutout_most / 10, self.cutout_most)
            image = erase(image, drawn_box(image.size, chances[4], share, ERASED_RATIO))
        return image

    @staticmethod
    def _happens(probability: float, random: Random) -> bool:
        return random.random() < probability


def in_epoch(image: Picture, how: ImageAugmentation, *, seed: int, epoch: int, row: int) -> Picture:
    """The image as a model is shown it in one epoch of training.

    It depends on nothing but the arguments: not on which worker changes it, nor on what was
    changed before, so that a run that goes on shows the same images.

    Args:
        image: Of mode ``L`` or ``RGB``.
        how: What may be changed.
        seed: Of the run, from 0.
        epoch: From 0.
        row: Place of the image among the rows of train, from 0.
    """
    drawn = np.random.default_rng((seed, epoch, row)).integers(2**64, dtype=np.uint64)
    return how(image, Random(int(drawn)))


PRESETS = {
    "none": ImageAugmentation(),
    "light": ImageAugmentation(crop=1.0, crop_least=0.8, flip=0.5),
    "standard": ImageAugmentation(crop=1.0, crop_least=0.35, flip=0.5, colour=0.5),
    "strong": ImageAugmentation(
        crop=1.0, crop_least=0.2, flip=0.5, colour=0.8, brightness=0.4, contrast=0.4,
        saturation=0.4, rotate=0.5, degrees=15.0, cutout=0.5, cutout_most=0.25,
    ),
}  # fmt: skip
"""Ready settings by name, from no change to much."""


def single_change(method: str, strength: float) -> ImageAugmentation:
    """What surely makes one change, as far as a strength says.

    Args:
        method: ``crop``, ``flip``, ``colour``, ``rotate`` or ``cutout``.
        strength: From 0 to 1; 0.1 leaves out, changes or covers up to a fifth, or turns by up to
            10 degrees.
    """
    span = min(0.9, 2 * strength)
    far: dict[str, dict[str, float]] = {
        "crop": {"crop_least": 1 - span},
        "flip": {},
        "colour": {"brightness": span, "contrast": span, "saturation": span},
        "rotate": {"degrees": 100 * strength},
        "cutout": {"cutout_most": span},
    }
    return ImageAugmentation.model_validate({method: 1.0, **far[method]})


def encoded(image: Picture, *, jpeg: bool, quality: int = QUALITY) -> bytes:
    """The image as a file: JPEG of a quality up to 95, or PNG, which loses nothing."""
    held = io.BytesIO()
    if jpeg:
        image.save(held, "JPEG", quality=quality)
    else:
        image.save(held, "PNG")
    return held.getvalue()
