"""Changes of images: each is exact, chance alone decides, and sizes and modes stay."""

from __future__ import annotations

import io
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from luthier.data.augment.images import (
    ERASED_RATIO,
    PRESETS,
    RATIO,
    ImageAugmentation,
    colour,
    crop,
    drawn_box,
    encoded,
    erase,
    flip,
    in_epoch,
    mean_colour,
    rotate,
    single_change,
)

METHODS = ["crop", "flip", "colour", "rotate", "cutout"]
SEEDS = st.integers(0, 1000)
SIZES = st.tuples(st.integers(1, 24), st.integers(1, 24))
FEW = settings(max_examples=60, deadline=None)


def noise(size, mode="RGB", seed=0):
    """An image of chance."""
    wide, high = size
    depth = {"L": (), "RGB": (3,)}[mode]
    values = np.random.default_rng(seed).integers(0, 256, (high, wide, *depth), dtype=np.uint8)
    return Image.fromarray(values)


def pixels(image):
    return np.asarray(image).astype(int)


@st.composite
def boxed(draw):
    """An image of chance and a box in it."""
    wide, high = draw(SIZES)
    left, top = draw(st.integers(0, wide - 1)), draw(st.integers(0, high - 1))
    right, bottom = draw(st.integers(left + 1, wide)), draw(st.integers(top + 1, high))
    return noise((wide, high), seed=draw(SEEDS)), (left, top, right, bottom)


@FEW
@given(boxed())
def test_a_crop_shows_the_box_and_nothing_beside_it(drawn):
    image, box = drawn
    image.paste((10, 20, 30), box)
    cut = crop(image, box)
    assert cut.size == image.size
    assert (pixels(cut) == (10, 20, 30)).all()


def test_a_crop_enlarges_the_box():
    image = noise((8, 8))
    assert (pixels(crop(image, (0, 0, 8, 8))) == pixels(image)).all()
    half = pixels(crop(image, (4, 0, 8, 4)))
    own = pixels(image)[0:4, 4:8]
    corners = np.ix_([0, -1], [0, -1])
    assert (half[corners] == own[corners]).all()


@FEW
@given(SIZES, st.sampled_from(["L", "RGB"]))
def test_flipped_twice_is_the_image(size, mode):
    image = noise(size, mode)
    assert (pixels(flip(image)) == pixels(image)[:, ::-1]).all()
    assert (pixels(flip(flip(image))) == pixels(image)).all()


@FEW
@given(boxed())
def test_what_is_erased_is_the_box_and_has_the_mean_colour(drawn):
    image, (left, top, right, bottom) = drawn
    before, after = pixels(image), pixels(erase(image, (left, top, right, bottom)))
    inside = np.zeros(before.shape[:2], dtype=bool)
    inside[top:bottom, left:right] = True
    assert (after[~inside] == before[~inside]).all()
    assert np.abs(after[inside] - before.mean((0, 1))).max() <= 0.5
    assert inside.sum() == (right - left) * (bottom - top)


@FEW
@given(SIZES, st.floats(0, 2), SEEDS)
def test_brightness_multiplies_and_stays_in_range(size, factor, seed):
    image = noise(size, seed=seed)
    expected = np.clip(pixels(image) * factor, 0, 255)
    assert np.abs(pixels(colour(image, brightness=factor)) - expected).max() <= 1


@FEW
@given(SIZES, st.floats(0, 2), SEEDS)
def test_contrast_and_saturation_scale_the_distance_from_grey(size, factor, seed):
    image = noise(size, seed=seed)
    grey = pixels(image.convert("L"))
    flat = np.clip(grey.mean() + factor * (pixels(image) - grey.mean()), 0, 255)
    assert np.abs(pixels(colour(image, contrast=factor)) - flat).max() <= 1.5 + factor
    pale = np.clip(grey[..., None] + factor * (pixels(image) - grey[..., None]), 0, 255)
    assert np.abs(pixels(colour(image, saturation=factor)) - pale).max() <= 1 + factor


def test_colours_of_factor_one_are_the_same_and_of_none_are_gone():
    image = noise((6, 5))
    assert (pixels(colour(image)) == pixels(image)).all()
    assert not pixels(colour(image, brightness=0)).any()
    assert len(np.unique(pixels(colour(image, contrast=0)))) == 1
    assert not np.ptp(pixels(colour(image, saturation=0)), axis=2).any()


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_turned_image_has_its_mean_colour_in_the_corners(mode):
    image = noise((40, 40), mode)
    turned = rotate(image, 45)
    assert (pixels(turned)[0, 0] == mean_colour(image)).all()
    assert (pixels(rotate(image, 0)) == pixels(image)).all()
    assert (pixels(rotate(image, 180)) == pixels(image)[::-1, ::-1]).all()


@FEW
@given(SIZES, SEEDS, st.floats(0.01, 1), st.sampled_from([RATIO, ERASED_RATIO]))
def test_a_drawn_box_is_within(size, seed, most, ratio):
    left, top, right, bottom = drawn_box(size, Random(seed), (most / 2, most), ratio)
    assert 0 <= left < right <= size[0]
    assert 0 <= top < bottom <= size[1]


@settings(max_examples=150, deadline=None)
@given(
    st.tuples(st.integers(30, 300), st.integers(30, 300)), SEEDS, st.floats(0.05, 1),
    st.floats(0.5, 1), st.sampled_from([RATIO, ERASED_RATIO]),
)  # fmt: skip
def test_a_drawn_box_has_its_share(size, seed, most, part, ratio):
    (wide, high), least = size, most * part
    left, top, right, bottom = drawn_box(size, Random(seed), (least, most), ratio)
    area = (right - left) * (bottom - top)
    # Each side is rounded by half a pixel at most; one as long as the image's may be cut short.
    rounded = (right - left + bottom - top) / 2 + 1
    assert area <= most * wide * high + rounded
    if right - left < wide and bottom - top < high:
        assert area >= least * wide * high - rounded


@FEW
@given(SIZES, st.sampled_from(["L", "RGB"]), SEEDS)
def test_size_and_mode_stay_and_chance_alone_decides(size, mode, seed):
    image = noise(size, mode)
    held = image.tobytes()
    for how in (*PRESETS.values(), *(single_change(method, 0.5) for method in METHODS)):
        first, again = how(image, Random(seed)), how(image, Random(seed))
        assert (first.size, first.mode) == (image.size, image.mode)
        assert first.tobytes() == again.tobytes()
    assert image.tobytes() == held


def test_the_preset_none_changes_nothing():
    image = noise((9, 9))
    assert PRESETS["none"](image, Random(3)).tobytes() == image.tobytes()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("strength", [0.01, 0.1, 1.0])
def test_a_single_change_is_that_one(method, strength):
    how = single_change(method, strength)
    assert {name for name in METHODS if getattr(how, name)} == {method}
    image = noise((32, 32))
    assert any(how(image, Random(n)).tobytes() != image.tobytes() for n in range(5))


def test_a_stronger_change_changes_more():
    image = Image.linear_gradient("L").resize((64, 64)).convert("RGB")

    def far(method, strength):
        how = single_change(method, strength)
        changed = [pixels(how(image, Random(n))) for n in range(30)]
        return np.mean([np.abs(one - pixels(image)).mean() for one in changed])

    for method in ("crop", "colour", "rotate", "cutout"):
        assert far(method, 0.05) < far(method, 0.4)


def test_turning_one_change_off_leaves_the_others_as_they_were():
    image = noise((20, 20))
    for seed in range(20):
        alone = ImageAugmentation(flip=0.5)(image, Random(seed))
        other = ImageAugmentation(flip=0.5, cutout=1.0)(image, Random(seed))
        same = (pixels(alone) == pixels(other)).all(2).mean()
        assert same > 0.7
        erased = ImageAugmentation(cutout=1.0)(alone, Random(seed))
        assert erased.tobytes() == other.tobytes()


def test_probabilities_are_kept():
    image = Image.fromarray(np.array([[0, 255]], dtype=np.uint8))
    turned = [ImageAugmentation(flip=0.3)(image, Random(n)).getpixel((0, 0)) for n in range(800)]
    assert 0.25 < np.mean(np.array(turned) == 255) < 0.35


def test_an_epoch_shows_each_row_in_its_own_way():
    image, how = noise((24, 24)), PRESETS["strong"]

    def seen(seed, epoch, row):
        return in_epoch(image, how, seed=seed, epoch=epoch, row=row).tobytes()

    places = [(s, e, r) for s in range(2) for e in range(3) for r in range(4)]
    shown = [seen(*place) for place in places]
    assert len(set(shown)) == len(places)
    assert [seen(*place) for place in reversed(places)] == shown[::-1]


def test_png_loses_nothing_and_jpeg_little():
    image = noise((12, 10))
    with Image.open(io.BytesIO(encoded(image, jpeg=False))) as again:
        assert again.format == "PNG"
        assert (pixels(again) == pixels(image)).all()
    smooth = Image.linear_gradient("L").convert("RGB")
    with Image.open(io.BytesIO(encoded(smooth, jpeg=True))) as again:
        assert again.format == "JPEG"
        assert np.abs(pixels(again) - pixels(smooth)).max() < 10
