"""Forgetting and backward transfer, by hand and by what must hold of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luthier.metrics import forgetting

SHARES = st.floats(0, 1)


def test_three_stages_by_hand() -> None:
    matrix = [[0.9], [0.95, 0.8], [0.7, 0.85, 0.6]]
    found = forgetting(matrix, ["accuracy"] * 3)
    assert found.of == pytest.approx((0.95 - 0.7, 0.8 - 0.85))
    assert found.mean == pytest.approx((0.25 - 0.05) / 2)
    assert found.backward_transfer == pytest.approx(((0.7 - 0.9) + (0.85 - 0.8)) / 2)


def test_errors_count_the_other_way_and_do_not_add_up() -> None:
    found = forgetting([[2.0], [3.0, 0.8], [2.5, 0.7, 0.6]], ["rmse", "accuracy", "accuracy"])
    assert found.of == pytest.approx((0.5, 0.1))
    assert found.mean is None
    assert found.backward_transfer is None


def test_what_was_not_measured_is_left_out() -> None:
    found = forgetting([[0.9], [None, 0.8], [None, 0.5, 0.6]], ["accuracy"] * 3)
    assert found.of == (None, pytest.approx(0.3))
    assert found.mean == pytest.approx(0.3)


@given(st.lists(SHARES, min_size=2, max_size=6))
def test_what_stays_is_not_forgotten(values: list[float]) -> None:
    matrix = [values[: number + 1] for number in range(len(values))]
    found = forgetting(matrix, ["accuracy"] * len(values))
    assert found.of == (0.0,) * (len(values) - 1)
    assert found.backward_transfer == 0


@given(st.data(), st.integers(2, 5))
def test_forgetting_is_at_least_what_was_lost_since_the_stage(data: st.DataObject, n: int) -> None:
    rows = [data.draw(st.lists(SHARES, min_size=k + 1, max_size=k + 1)) for k in range(n)]
    found = forgetting(rows, ["f1"] * n)
    for column, lost in enumerate(found.of):
        assert lost is not None
        assert lost >= rows[column][column] - rows[-1][column]
    assert found.mean is not None
    assert found.backward_transfer is not None
    assert found.mean >= -found.backward_transfer - 1e-12
