"""Which rows make which step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luthier.data.batch import batches_by_length, micro_batches, plan_epoch

LENGTHS = st.lists(st.integers(0, 300), min_size=1, max_size=300).map(np.array)
PROPERTY = settings(deadline=None, max_examples=80)


def _plan(lengths, size, seed=0, epoch=0, by_length=True):
    return plan_epoch(lengths, size, seed=seed, epoch=epoch, by_length=by_length)


def _padding(batches, lengths):
    return sum(len(rows) * int(lengths[rows].max()) - int(lengths[rows].sum()) for rows in batches)


@PROPERTY
@given(LENGTHS, st.integers(1, 40), st.booleans(), st.integers(0, 5))
def test_each_row_once_an_epoch(lengths, size, by_length, epoch):
    steps = _plan(lengths, size, epoch=epoch, by_length=by_length)
    assert sorted(np.concatenate(steps)) == list(range(len(lengths)))
    assert len(steps) == -(-len(lengths) // size)
    assert sorted(map(len, steps))[1:] == [size] * (len(steps) - 1)


@PROPERTY
@given(LENGTHS, st.integers(1, 40), st.booleans())
def test_seed_and_epoch_decide(lengths, size, by_length):
    first, again = (_plan(lengths, size, 3, 1, by_length) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


@pytest.mark.parametrize("by_length", [True, False])
@pytest.mark.parametrize("change", [{"seed": 1}, {"epoch": 1}])
def test_another_seed_or_epoch_is_another_order(change, by_length):
    lengths = np.arange(200) % 17
    one, other = (
        _plan(lengths, 8, by_length=by_length),
        _plan(lengths, 8, by_length=by_length, **change),
    )
    assert not np.array_equal(np.concatenate(one), np.concatenate(other))


def test_rows_of_a_step_are_of_like_length():
    lengths = np.random.default_rng(0).integers(5, 250, 3000)
    grouped, random = (_padding(_plan(lengths, 16, by_length=b), lengths) for b in (True, False))
    assert grouped < random / 10


def test_steps_do_not_come_in_order_of_length():
    lengths = np.random.default_rng(0).integers(5, 250, 3000)
    longest = [int(lengths[rows].max()) for rows in _plan(lengths, 16)]
    assert abs(np.corrcoef(longest, np.arange(len(longest)))[0, 1]) < 0.3


@PROPERTY
@given(LENGTHS, st.integers(1, 6), st.integers(1, 600))
def test_micro_batches_hold_each_row_once_within_the_budget(lengths, parts, budget):
    rows = np.random.default_rng(0).permutation(len(lengths))[: max(1, len(lengths) // 2)]
    batches = micro_batches(rows, lengths, parts=parts, max_tokens=budget)
    assert sorted(np.concatenate(batches)) == sorted(rows)
    for batch in batches:
        assert len(batch) == 1 or len(batch) * lengths[batch].max() <= budget
        assert len(batch) <= -(-len(rows) // parts)


def test_micro_batches_are_as_many_as_wanted_where_the_budget_allows():
    lengths = np.full(32, 10)
    batches = micro_batches(np.arange(32), lengths, parts=4, max_tokens=10_000)
    assert [len(batch) for batch in batches] == [8, 8, 8, 8]


@PROPERTY
@given(LENGTHS, st.integers(1, 40), st.integers(1, 600))
def test_evaluation_takes_each_row_once_longest_first(lengths, size, budget):
    batches = list(batches_by_length(lengths, size, budget))
    order = np.concatenate(batches)
    assert sorted(order) == list(range(len(lengths)))
    assert list(lengths[order]) == sorted(lengths, reverse=True)
    for batch in batches:
        assert len(batch) <= size
        assert len(batch) == 1 or len(batch) * lengths[batch].max() <= budget


def test_nothing_makes_no_batches():
    nothing = np.array([], dtype=np.int64)
    assert _plan(nothing, 4) == [] == list(batches_by_length(nothing, 4, 100))
