"""Schedules: shape, warm-up, ends, purity."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luthier.recipe.registries import SCHEDULES
from luthier.train.schedule import Moment, Schedule
from luthier.train.schedules.cosine import Cosine
from luthier.train.schedules.linear import Linear
from luthier.train.schedules.wsd import WarmupStableDecay

KINDS = ["constant", "cosine", "linear", "wsd"]


def test_these_schedules_exist() -> None:
    assert list(SCHEDULES.members()) == KINDS


@given(st.sampled_from(KINDS), st.integers(1, 500), st.floats(0, 0.9))
def test_factor_stays_between_0_and_1(kind: str, total: int, warmup: float) -> None:
    schedule = SCHEDULES.parse({"kind": kind, "warmup": warmup})
    assert isinstance(schedule, Schedule)
    factors = [schedule.multiplier(Moment(step, total)) for step in range(total)]
    assert all(0 <= factor <= 1 for factor in factors)
    assert factors[0] > 0
    rising = round(warmup * total)
    assert factors[:rising] == sorted(factors[:rising])
    assert factors[rising:] == sorted(factors[rising:], reverse=True)


@pytest.mark.parametrize("kind", KINDS)
def test_full_rate_follows_warm_up(kind: str) -> None:
    schedule = SCHEDULES.parse({"kind": kind, "warmup": 0.1})
    assert schedule.multiplier(Moment(10, 100)) == 1.0
    assert schedule.multiplier(Moment(4, 100)) == pytest.approx(5 / 11)


def test_linear_ends_near_zero() -> None:
    assert Linear().multiplier(Moment(99, 100)) == pytest.approx(0.01)


def test_cosine_is_half_way_in_the_middle_and_ends_at_its_floor() -> None:
    assert Cosine(floor=0.2).multiplier(Moment(50, 100)) == pytest.approx(0.6)
    assert Cosine(floor=0.2).multiplier(Moment(100, 100)) == pytest.approx(0.2)


def test_wsd_knows_nothing_of_the_end_until_it_decays() -> None:
    schedule = WarmupStableDecay(warmup=0.0, decay=0.25, floor=0.1)
    assert [schedule.multiplier(Moment(step, 100)) for step in (0, 40, 75)] == [1.0] * 3
    assert schedule.multiplier(Moment(40, 1000)) == schedule.multiplier(Moment(40, 60))
    assert schedule.multiplier(Moment(100, 100)) == pytest.approx(0.1)
    assert schedule.multiplier(Moment(81, 100)) == pytest.approx(1 - 0.9 * 0.24**0.5)
    line = WarmupStableDecay(decay=0.25, shape="linear")
    assert line.multiplier(Moment(81, 100)) == pytest.approx(1 - 0.24)
