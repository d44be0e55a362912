"""Images as numbers: outlines by direction and place, and colours."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from luthier.data.outlines import CELLS, TURNS, WIDTH, outlines


def numbers(image):
    held = io.BytesIO()
    image.save(held, "PNG")
    return outlines({"path": None, "bytes": held.getvalue(), "sha256": None})


def parts(image):
    """(cells down, cells across, directions) and (cells down, cells across, colours)."""
    found = numbers(image)
    cut = CELLS * CELLS * TURNS
    return found[:cut].reshape(CELLS, CELLS, TURNS), found[cut:].reshape(CELLS, CELLS, 3)


def test_a_plain_image_has_no_outlines_and_its_colour_everywhere():
    strength, colours = parts(Image.new("RGB", (50, 20), (255, 0, 51)))
    assert not strength.any()
    np.testing.assert_allclose(colours, np.broadcast_to([1, 0, 0.2], colours.shape), atol=1e-6)


@pytest.mark.parametrize(("box", "turn"), [((8, 0, 32, 32), 0), ((0, 8, 32, 32), TURNS // 2)])
def test_an_edge_is_found_where_it_is_and_as_it_runs(box, turn):
    image = Image.new("L", (32, 32))
    ImageDraw.Draw(image).rectangle(box, fill=255)
    strength, _ = parts(image)
    seen = {tuple(place) for place in np.argwhere(strength > 0.5)}
    assert {direction for *_, direction in seen} == {turn}
    along = {(row, column) for row, column, _ in seen}
    assert len(along) == 2 * CELLS
    assert {place[1 if turn == 0 else 0] for place in along} == {0, 1}


def test_size_does_not_matter_much_and_none_is_nothing():
    small = Image.linear_gradient("L").resize((40, 40))
    np.testing.assert_allclose(numbers(small), numbers(small.resize((400, 400))), atol=0.1)
    assert outlines(None).shape == (WIDTH,)
    assert not outlines(None).any()
