"""Which rows an epoch has, where sets of them are mixed."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from luthier.data.plan import Plan

SETS = np.array([0] * 60 + [1] * 15 + [2] * 5)


def test_one_set_is_seen_once_an_epoch() -> None:
    assert sorted(Plan().epoch(7, seed=0, epoch=3)) == list(range(7))


def test_shares_are_sizes_to_the_power_of_one_over_the_temperature() -> None:
    sizes = np.array([60, 15, 5])
    for temperature in (1.0, 2.0, 5.0):
        expected = sizes ** (1 / temperature) / np.sum(sizes ** (1 / temperature))
        assert Plan.tempered(SETS, temperature).shares == pytest.approx(expected)
    assert Plan.tempered(SETS, np.inf).shares == pytest.approx([1 / 3] * 3)


@given(st.floats(1, 50), st.integers(0, 5))
def test_over_epochs_every_row_of_a_set_comes_equally_often(temperature: float, seed: int) -> None:
    plan = Plan.tempered(SETS, temperature)
    seen: Counter[int] = Counter()
    for epoch in range(6):
        rows = plan.epoch(len(SETS), seed=seed, epoch=epoch)
        assert len(rows) == len(SETS)
        assert np.array_equal(rows, plan.epoch(len(SETS), seed=seed, epoch=epoch))
        seen.update(rows.tolist())
    for number in range(3):
        counts = [seen[row] for row in np.flatnonzero(number == SETS)]
        assert max(counts) - min(counts) <= 1
