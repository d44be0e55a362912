"""Draw the demo images of the recipe ``sketches``: figures as a hand would draw them on paper.

``python tools/sketches.py`` writes them anew, the same each time.
"""

from __future__ import annotations

import math
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

FOLDER = Path("src/luthier/recipe/library/data/sketches")
EACH, SIDE, ZOOM = 45, 48, 4

Points = NDArray[np.float64]
"""(points, 2) of one stroke, within -1 to 1."""


def polygon(corners: list[tuple[float, float]]) -> Points:
    """A closed stroke through corners, begun at the first."""
    ends = np.array([*corners, corners[0]])
    return np.concatenate([np.linspace(a, b, 14) for a, b in pairwise(ends)])


def circle(turns: float = 1.0) -> Points:
    """Round, closed after one turn."""
    angle = np.linspace(0, 2 * math.pi * turns, 60)
    return np.stack([np.cos(angle), np.sin(angle)], 1)


def figure(name: str, random: np.random.Generator) -> list[Points]:
    """The strokes of a figure, as a geometer would draw them."""
    if name == "circle":
        return [circle(random.uniform(0.93, 1.12))]
    if name == "cross":
        return [np.linspace((-1, -1), (1, 1), 30), np.linspace((1, -1), (-1, 1), 30)]
    if name == "heart":
        t = np.linspace(0, 2 * math.pi, 70)
        high = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
        return [np.stack([16 * np.sin(t) ** 3, -high], 1) / 17]
    if name == "spiral":
        turns = random.uniform(2.0, 3.2)
        return [circle(turns) * np.linspace(0.08, 1, 60)[:, None]]
    if name == "star":
        corners = [(math.sin(k * 0.8 * math.pi), -math.cos(k * 0.8 * math.pi)) for k in range(5)]
        return [polygon(corners)]
    return [polygon([(0, -1), (0.95, 0.8), (-0.95, 0.8)])]


FIGURES = ("circle", "cross", "heart", "spiral", "star", "triangle")


def by_hand(stroke: Points, random: np.random.Generator) -> Points:
    """The stroke with a wavering line, and an end that misses or overshoots a little."""
    t = np.linspace(0, 1, len(stroke))[:, None]
    waver = sum(
        random.normal(0, 0.07 / k, 2) * np.sin(2 * math.pi * (k * t + random.random(2)))
        for k in range(1, 5)
    )
    return stroke + waver + random.normal(0, 0.07, 2) * t**3


def placed(strokes: list[Points], random: np.random.Generator) -> list[Points]:
    """Turned, stretched and put somewhere on the paper; in pixels of the large drawing."""
    turn = random.normal(0, 0.2)
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    stretch = np.diag(random.uniform(0.75, 1.05, 2)) * random.uniform(0.22, 0.42)
    middle = 0.5 + random.normal(0, 0.05, 2)
    whole = SIDE * ZOOM
    return [(stroke @ stretch @ rotation + middle) * whole for stroke in strokes]


def paper(random: np.random.Generator) -> Image.Image:
    """Paper in some light, now and then ruled or with a shadow."""
    side = SIDE * ZOOM
    base = np.array([random.uniform(205, 250)] * 3) - np.array([0, 4, 12]) * random.random()
    light = np.linspace(0, 1, side)
    slope = random.normal(0, 18, 2)
    field = base + (slope[0] * light[:, None] + slope[1] * light[None, :])[..., None]
    image = Image.fromarray(field.clip(0, 255).astype(np.uint8))
    if random.random() < 0.35:
        pen, step = ImageDraw.Draw(image), int(random.integers(22, 40))
        for y in range(int(random.integers(step)), side, step):
            pen.line((0, y, side, y), fill=(170, 190, 215), width=2)
    return image


INKS = ((25, 25, 35), (30, 45, 130), (150, 30, 35), (20, 95, 60), (95, 95, 100), (120, 70, 30))


def draw(name: str, random: np.random.Generator) -> Image.Image:
    """One sketch."""
    image = paper(random)
    pen = ImageDraw.Draw(image)
    ink = INKS[int(random.integers(len(INKS)))]
    width = float(random.uniform(4, 13))
    for stroke in placed([by_hand(s, random) for s in figure(name, random)], random):
        pressure = width * (1 + 0.3 * np.sin(np.linspace(0, random.uniform(3, 9), len(stroke))))
        for start, end, wide in zip(stroke, stroke[1:], pressure, strict=False):
            pen.line([*start, *end], fill=ink, width=max(2, round(wide)))
            half = max(1.0, wide / 2)
            pen.ellipse([*(end - half), *(end + half)], fill=ink)
    image = image.filter(ImageFilter.GaussianBlur(random.uniform(0.5, 3)))
    small = np.asarray(image.resize((SIDE, SIDE), Image.Resampling.LANCZOS), dtype=np.float64)
    grain = random.normal(0, random.uniform(1, 6), (SIDE, SIDE, 1))
    return Image.fromarray((small + grain).clip(0, 255).astype(np.uint8))


def main() -> None:
    """Write all of them as JPEG, in folders by class."""
    random = np.random.default_rng(2026)
    shutil.rmtree(FOLDER, ignore_errors=True)
    for name in FIGURES:
        (FOLDER / name).mkdir(parents=True)
        for number in range(EACH):
            draw(name, random).save(FOLDER / name / f"{number:02}.jpg", quality=85)


if __name__ == "__main__":
    main()
