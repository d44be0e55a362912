"""Mixup and CutMix: shares are what is mixed, and numpy and torch agree."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from luthier.data.augment.mixing import Mix, Patch, cutmix, mixup

SEEDS = st.integers(0, 10_000)
ALPHAS = st.sampled_from([0.05, 0.2, 1.0, 5.0])
FEW = settings(max_examples=100, deadline=None)


def one_hot(count, classes, seed):
    return np.eye(classes)[np.random.default_rng(seed).integers(classes, size=count)]


@FEW
@given(seed=SEEDS, batch=st.integers(1, 9), height=st.integers(1, 20), width=st.integers(1, 20),
       alpha=ALPHAS)  # fmt: skip
def test_what_is_kept_is_the_share_of_pixels_that_are_left(seed, batch, height, width, alpha):
    mix = cutmix(batch, height, width, alpha, np.random.default_rng(seed))
    # Each image has its own number everywhere.
    images = np.broadcast_to(np.arange(batch)[:, None, None, None], (batch, 3, height, width))
    pasted = mix.paste(images.astype(float))
    for number, (image, partner) in enumerate(zip(pasted, mix.partner, strict=True)):
        own = (image == number).mean()
        assert partner == number or own == pytest.approx(mix.kept)
        assert set(np.unique(image)) <= {number, partner}
        channels = [image[channel] for channel in range(3)]
        assert all((channel == channels[0]).all() for channel in channels)


@FEW
@given(seed=SEEDS, batch=st.integers(1, 9), alpha=ALPHAS)
def test_labels_are_mixed_by_the_same_share_and_sum_to_one(seed, batch, alpha):
    random = np.random.default_rng(seed)
    labels = one_hot(batch, 4, seed)
    for mix in (mixup(batch, alpha, random), cutmix(batch, 7, 9, alpha, random)):
        assert 0 <= mix.kept <= 1
        assert sorted(mix.partner) == list(range(batch))
        blended = mix.blend(labels)
        np.testing.assert_allclose(blended.sum(1), 1)
        assert (blended >= 0).all()
        expected = mix.kept * labels + (1 - mix.kept) * labels[mix.partner]
        np.testing.assert_allclose(blended, expected)


@FEW
@given(seed=SEEDS, batch=st.integers(1, 6))
def test_numpy_and_torch_give_the_same(seed, batch):
    random = np.random.default_rng(seed)
    images = random.normal(size=(batch, 3, 6, 5)).astype(np.float32)
    whole, part = mixup(batch, 1.0, random), cutmix(batch, 6, 5, 1.0, random)
    held = torch.from_numpy(images.copy())
    np.testing.assert_allclose(whole.blend(held).numpy(), whole.blend(images), rtol=1e-6)
    np.testing.assert_array_equal(part.paste(held).numpy(), part.paste(images))
    np.testing.assert_array_equal(held.numpy(), images)


def test_a_mix_changes_nothing_it_was_given():
    images = np.arange(2 * 4 * 4, dtype=float).reshape(2, 4, 4)
    held = images.copy()
    patch = Patch(np.array([1, 0]), 0.75, (0, 2), (1, 3))
    pasted = patch.paste(images)
    assert (images == held).all()
    assert (pasted[0, :2, 1:3] == held[1, :2, 1:3]).all()
    assert (pasted[0, 2:] == held[0, 2:]).all()
    assert (patch.blend(np.array([[1.0, 0.0], [0.0, 1.0]])) == [[0.75, 0.25], [0.25, 0.75]]).all()


@pytest.mark.parametrize(("alpha", "low", "high"), [(0.1, 0.75, 1.0), (20.0, 0.0, 0.3)])
def test_alpha_says_how_far_examples_are_mixed(alpha, low, high):
    random = np.random.default_rng(0)
    kept = np.array([mixup(2, alpha, random).kept for _ in range(400)])
    assert abs(kept.mean() - 0.5) < 0.06
    assert low < np.mean(np.abs(kept - 0.5)) * 2 <= high


def test_the_box_is_where_chance_has_it_and_may_be_cut_off():
    random = np.random.default_rng(1)
    found = [cutmix(2, 12, 30, 1.0, random) for _ in range(300)]
    assert {mix.rows[0] for mix in found} >= set(range(12))
    assert {mix.columns[1] for mix in found} >= set(range(20, 31))
    assert 0.5 < np.mean([mix.kept for mix in found]) < 0.75


def test_an_example_that_keeps_all_is_itself():
    values = np.random.default_rng(0).normal(size=(3, 2))
    assert (Mix(np.array([1, 2, 0]), 1.0).blend(values) == values).all()
