"""Paired comparisons of two models."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from tests.metrics.draws import QUICK

from luthier.metrics import mcnemar, paired_difference

RIGHT = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)
Rows = list[tuple[bool, bool]]


def columns(rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    table = np.array(rows)
    return table[:, 0], table[:, 1]


@QUICK
@given(RIGHT)
def test_mcnemar_is_the_exact_binomial_test(rows: Rows) -> None:
    wins, losses = rows.count((True, False)), rows.count((False, True))
    expected = binomtest(wins, wins + losses).pvalue if wins + losses else 1.0
    assert mcnemar(*columns(rows)) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("wins", "losses"), [(5000, 5200), (3000, 1000), (2, 1100)])
def test_mcnemar_holds_for_many_rows(wins: int, losses: int) -> None:
    first = np.arange(wins + losses) < wins
    expected = binomtest(wins, wins + losses).pvalue
    assert mcnemar(first, ~first) == pytest.approx(expected, rel=1e-6, abs=1e-300)


@QUICK
@given(RIGHT)
def test_mcnemar_does_not_care_which_model_is_first(rows: Rows) -> None:
    first, second = columns(rows)
    assert mcnemar(first, second) == mcnemar(second, first)


@QUICK
@given(RIGHT)
def test_difference_is_that_of_the_means(rows: Rows) -> None:
    first, second = columns(rows)
    found = paired_difference(first, second, resamples=20)
    assert found.value == pytest.approx(first.mean() - second.mean(), abs=1e-9)
    assert found.low <= found.value <= found.high
    assert 0 < found.p <= 1


@QUICK
@given(RIGHT)
def test_swapped_models_differ_by_the_opposite(rows: Rows) -> None:
    first, second = columns(rows)
    one = paired_difference(first, second, resamples=50)
    other = paired_difference(second, first, resamples=50)
    assert (-one.value, -one.high, -one.low) == pytest.approx((other.value, other.low, other.high))
    assert one.p == other.p


def test_equal_models_do_not_differ() -> None:
    scores = np.random.default_rng(0).normal(size=50)
    found = paired_difference(scores, scores)
    assert (found.value, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_a_clear_difference_is_certain() -> None:
    random = np.random.default_rng(0)
    first = random.random(300) < 0.9
    found = paired_difference(first, random.random(300) < 0.6)
    assert found.low > 0.1
    assert found.p == pytest.approx(2 / 1001)


def test_what_is_hard_for_both_cancels_out() -> None:
    random = np.random.default_rng(0)
    hard = random.normal(scale=10, size=100)
    found = paired_difference(hard + 0.5, hard + random.normal(scale=0.1, size=100))
    assert found.high - found.low < 0.1
    assert found.p < 0.01


def test_intervals_cover_the_true_difference_as_often_as_they_say() -> None:
    covered = []
    for i in range(300):
        random = np.random.default_rng(i)
        first, second = random.random(100) < 0.8, random.random(100) < 0.7
        found = paired_difference(first, second, resamples=200)
        covered.append(found.low <= 0.1 <= found.high)
    assert 0.90 <= np.mean(covered) <= 0.985


def test_the_seed_decides_the_interval() -> None:
    random = np.random.default_rng(0)
    first, second = random.normal(size=40), random.normal(size=40)
    assert paired_difference(first, second, seed=1) == paired_difference(first, second, seed=1)
    assert paired_difference(first, second, seed=1) != paired_difference(first, second, seed=2)
