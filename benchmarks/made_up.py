"""Pictures of made-up kinds of things, to pre-train image networks without a photo.

    python -m benchmarks.made_up FOLDER [--kinds 2000] [--each 32]

Kinds are drawn by chance, as those of FractalDB (Kataoka et al. 2020, "Pre-training without
Natural Images"), but of coloured things: outlines by the superformula (Gielis 2003, eq. 1), which
makes discs, stars, petals and leaves, with layers, a core, stripes, rings and grain. Things of a
kind are put by chance: some of them, somewhere, turned, tilted, in some light, on any ground and
often in front of others. ``FOLDER/train.parquet`` and ``test.parquet`` get the pictures, the same
each time.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from PIL import Image

from luthier.data.augment.images import encoded

SIDE = 64
"""Pixels."""

AT_ONCE = 100
"""Pictures drawn side by side."""

QUALITY = 90
"""Of JPEG, as photos on the web have it."""

TESTED = 2
"""Further pictures of each kind, for the test."""

MOST_LAYERS, MOST_THINGS = 3, 4

KIND = np.dtype(
    [("lobes", "f4"), ("hollow", "f4"), ("edge", "f4"), ("hue", "f4", 3), ("strength", "f4", 3),
     ("value", "f4", 3), ("core", "f4"), ("blend", "f4"), ("layers", "i4"), ("swirl", "f4"),
     ("stripes", "f4"), ("rings", "f4"), ("grain", "f4"), ("size", "f4"), ("things", "i4"),
     ("stretch", "f4")]
)  # fmt: skip
"""What a kind has. Colours are of the middle, the rim and the core."""

Random = np.random.Generator
Floats = NDArray[np.float32]
Kinds = NDArray[Any]
"""(kinds,) of :data:`KIND`."""


def made_up(count: int, random: Random) -> Kinds:
    """So many kinds; each of their traits is drawn by itself."""

    def at_times(often: float, low: float, high: float) -> NDArray[np.float64]:
        return np.where(random.random(count) < often, random.uniform(low, high, count), 0)

    kinds = np.zeros(count, KIND)
    kinds["lobes"] = random.integers(0, 14, count)
    kinds["hollow"] = np.exp(random.uniform(np.log(0.3), np.log(8), count))
    kinds["edge"] = np.exp(random.uniform(np.log(0.3), np.log(6), count))
    kinds["hue"] = random.random((count, 3))
    kinds["strength"] = random.uniform(0.1, 1, (count, 3))
    kinds["value"] = random.uniform(0.25, 1, (count, 3))
    kinds["core"] = at_times(0.6, 0.12, 0.6)
    kinds["blend"] = np.exp(random.uniform(-1, 1, count))
    kinds["layers"] = random.integers(1, MOST_LAYERS + 1, count)
    kinds["swirl"] = at_times(0.4, -2, 2)
    kinds["stripes"] = np.round(at_times(0.4, 3, 30))
    kinds["rings"] = at_times(0.4, 6, 42)
    kinds["grain"] = at_times(0.5, 0.2, 0.9)
    kinds["size"] = np.exp(random.uniform(np.log(0.35), 0, count))
    kinds["things"] = random.integers(1, MOST_THINGS + 1, count)
    kinds["stretch"] = np.exp(random.uniform(-0.5, 0.5, count))
    return kinds


def pictures(kinds: Kinds, shown: NDArray[np.int64], random: Random) -> NDArray[np.uint8]:
    """A picture of each kind named, (pictures, SIDE, SIDE, 3) in sRGB.

    Args:
        kinds: All there are; others than those shown stand behind.
        shown: (pictures,) places among the kinds.
        random: What chance decides with.
    """
    count = len(shown)
    grain = noise(random, count, {14: 1.0, 40: 0.7}) - 0.5
    image = ground(random, count)
    behind = kinds[random.integers(0, len(kinds), count)]
    behind["things"] = random.integers(-1, 3, count)
    for drawn in (behind, kinds[shown]):
        for number in range(MOST_THINGS):
            rows = np.flatnonzero(drawn["things"] > number)
            if len(rows):
                colour, cover = thing(drawn[rows], number, grain[rows], random)
                image[rows] += (colour - image[rows]) * cover[..., None]
    return photographed(image, random)


def thing(kinds: Kinds, number: int, grain: Floats, random: Random) -> tuple[Floats, Floats]:
    """One thing in each picture: its colours (pictures, SIDE, SIDE, 3) and where it covers.

    Args:
        kinds: (pictures,) what each shows.
        number: Of the thing in its picture; the first stands near the middle.
        grain: (pictures, SIDE, SIDE) from -0.5 to 0.5.
        random: What chance decides with.
    """
    size = kinds["size"] * np.exp(random.uniform(-0.35, 0.35, len(kinds)))
    size = _wide(np.where(kinds["things"] > 1, 0.75, 1.0) * size)
    radius, angle = around(kinds, size, 0.25 if number == 0 else 0.8, random)
    hues = kinds["hue"] + random.normal(0, 0.02, (len(kinds), 1))
    colours = [_wide(rgb(hues[:, k], kinds["strength"][:, k], kinds["value"][:, k])) for k in
               range(3)]  # fmt: skip
    cover = np.zeros_like(grain)
    colour = np.zeros((*grain.shape, 3), np.float32)
    for layer in range(MOST_LAYERS):
        rows = np.flatnonzero(kinds["layers"] > layer)
        if not len(rows):
            continue
        found, within = lobed(kinds[rows], layer, radius[rows], angle[rows], size[rows])
        towards = patterned(kinds[rows], within, radius[rows], angle[rows], grain[rows])[..., None]
        shade = (1 - 0.25 * within**6 * (layer < 2) - 0.08 * (2 - layer))[..., None]
        painted = (colours[0][rows] * (1 - towards) + colours[1][rows] * towards) * shade
        colour[rows] += (painted - colour[rows]) * found[..., None]
        cover[rows] = np.maximum(cover[rows], found)
    core = _wide(kinds["core"])
    middle = np.clip((core - radius) * size * SIDE / 2 + 0.5, 0, 1) * (core > 0)
    colour += (colours[2] * (1 + 0.9 * grain[..., None]) - colour) * middle[..., None]
    light = np.exp(random.uniform(-0.25, 0.25, (len(kinds), 1, 1, 1))).astype(np.float32)
    return np.clip(colour * light, 0, 1), np.maximum(cover, middle)


def around(kinds: Kinds, size: Floats, spread: float, random: Random) -> tuple[Floats, Floats]:
    """Each pixel's distance from a thing's middle, in its sizes, and angle about it.

    Args:
        kinds: (pictures,) what each shows.
        size: (pictures, 1, 1) in halves of the picture.
        spread: How far from the picture's middle it may stand, in the same unit.
        random: What chance decides with.
    """
    count = len(kinds)
    axis = (np.arange(SIDE, dtype=np.float32) + 0.5) / SIDE * 2 - 1
    right, down = (_wide(random.uniform(-spread, spread, count)) for _ in range(2))
    turned, tilted = (_wide(random.uniform(-np.pi, np.pi, count)) for _ in range(2))
    tilt = np.sqrt(_wide(np.exp(random.uniform(-0.4, 0.4, count)) * kinds["stretch"]))
    x, y = axis[None, None] - right, axis[None, :, None] - down
    along = (x * np.cos(tilted) + y * np.sin(tilted)) * tilt
    across = (y * np.cos(tilted) - x * np.sin(tilted)) / tilt
    radius = np.sqrt(along**2 + across**2) / size + 1e-6
    angle = np.arctan2(across, along) + turned + _wide(kinds["swirl"]) * np.minimum(radius, 1.5)
    return radius, angle


def lobed(
    kinds: Kinds, layer: int, radius: Floats, angle: Floats, size: Floats
) -> tuple[Floats, Floats]:
    """Where a layer covers, from 0 to 1, and how near to its rim a pixel is: 1 at the rim.

    The outline is Gielis's superformula with a = b = 1 and n2 = n3, its greatest radius made 1.
    Each layer is smaller than the one below it, with its lobes between those.
    """
    lobes, hollow, edge = (_wide(kinds[name]) for name in ("lobes", "hollow", "edge"))
    quarter = (lobes * angle + layer * np.pi / 2) / 4
    bent = np.abs(np.cos(quarter)) ** hollow + np.abs(np.sin(quarter)) ** hollow
    largest = np.maximum(1.0, (2 * 0.5 ** (hollow / 2)) ** (-1 / edge))
    outline = (1 - 0.28 * layer) * (bent + 1e-6) ** (-1 / edge) / largest
    within = radius / (outline + 1e-3)
    found = np.clip((1 - within) * np.minimum(outline, 1) * size * SIDE / 2 + 0.5, 0, 1)
    return found.astype(np.float32), np.minimum(within, 1).astype(np.float32)


def patterned(kinds: Kinds, within: Floats, radius: Floats, angle: Floats, grain: Floats) -> Floats:
    """How far each pixel's colour is from that of the middle towards that of the rim."""
    rings, stripes = _wide(kinds["rings"]), _wide(kinds["stripes"])
    towards = within ** _wide(kinds["blend"]) + _wide(kinds["grain"]) * grain
    towards += 0.35 * np.sin(radius * rings) + 0.3 * np.sin(angle * stripes)
    return np.clip(towards, 0, 1).astype(np.float32)


def ground(random: Random, count: int) -> Floats:
    """(pictures, SIDE, SIDE, 3) of two colours each, in large or small patches."""
    first, second = (
        _wide(rgb(random.random(count), random.uniform(0, 0.8, count),
                  random.uniform(0.05, 0.95, count)))
        for _ in range(2)
    )  # fmt: skip
    large, small = (noise(random, count, sizes) for sizes in ({3: 1.0, 8: 0.6},
                    {10: 1.0, 24: 0.8, 48: 0.5}))  # fmt: skip
    mixed = np.where(_wide(random.random(count)) < 0.5, large, small)
    mixed = np.clip((mixed - 0.5) * _wide(random.uniform(0.5, 3, count)) + 0.5, 0, 1)[..., None]
    return first * (1 - mixed) + second * mixed


def noise(random: Random, count: int, cells: dict[int, float]) -> Floats:
    """(count, SIDE, SIDE) smooth noise from 0 to 1 (value noise).

    Args:
        random: What chance decides with.
        count: Of pictures.
        cells: How many patches there are across a picture, to how much they count.
    """
    total = np.zeros((count, SIDE, SIDE), np.float32)
    for across, amount in cells.items():
        values = random.random((count, across + 2, across + 2), dtype=np.float32)
        place = np.linspace(0, across, SIDE, dtype=np.float32) + random.random(dtype=np.float32)
        before = np.minimum(place.astype(int), across)
        part = place - before
        part = part * part * (3 - 2 * part)
        rows = values[:, before] * (1 - part)[:, None] + values[:, before + 1] * part[:, None]
        total += amount * (rows[:, :, before] * (1 - part) + rows[:, :, before + 1] * part)
    return total / sum(cells.values())


def photographed(image: Floats, random: Random) -> NDArray[np.uint8]:
    """The pictures in uneven light, at some exposure, with the noise of a sensor."""
    count = len(image)
    axis = np.linspace(-1, 1, SIDE, dtype=np.float32)
    x, y = (_wide(random.uniform(-0.3, 0.3, count))[..., None] for _ in range(2))
    lit = np.clip(image * (1 + x * axis[:, None] + y * axis[:, None, None]), 0, 1)
    seen = lit ** _wide(np.exp(random.uniform(-0.3, 0.3, count)))[..., None]
    sensor = random.standard_normal(image.shape, dtype=np.float32)
    seen += sensor * _wide(random.uniform(0, 0.03, count))[..., None]
    return (np.clip(seen, 0, 1) * 255).astype(np.uint8)


def rgb(hue: NDArray[Any], saturation: NDArray[Any], value: NDArray[Any]) -> NDArray[np.float64]:
    """(colours, 3) red, green and blue, all from 0 to 1 (Smith 1978)."""

    def channel(shift: int) -> NDArray[np.float64]:
        place = np.mod(shift + np.mod(hue, 1) * 6, 6)
        lacking: NDArray[np.float64] = np.clip(np.minimum(place, 4 - place), 0, 1)
        return value - value * saturation * lacking

    return np.stack([channel(shift) for shift in (5, 3, 1)], -1)


def _wide(values: NDArray[Any]) -> Floats:
    """(pictures,) or (pictures, 3), to be spread over pixels: (pictures, 1, 1) or with 3."""
    return values[:, None, None].astype(np.float32)


def write(folder: Path, kinds: int, each: int, seed: int = 0) -> None:
    """``train.parquet`` and ``test.parquet`` with columns ``image`` and ``label``."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    known = made_up(kinds, random)
    for split, number in (("train", each), ("test", TESTED)):
        shown = np.tile(np.arange(kinds), number)
        images: list[bytes] = []
        for start in range(0, len(shown), AT_ONCE):
            drawn = pictures(known, shown[start : start + AT_ONCE], random)
            images += (
                encoded(Image.fromarray(picture), jpeg=True, quality=QUALITY) for picture in drawn
            )
        labels = [f"kind {place:04}" for place in shown]
        pl.DataFrame({"image": images, "label": labels}).write_parquet(folder / f"{split}.parquet")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kinds", type=int, default=2000)
    parser.add_argument("--each", type=int, default=32, help="pictures of a kind to train on")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    write(given.folder, given.kinds, given.each, given.seed)


if __name__ == "__main__":
    main()
