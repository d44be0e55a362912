"""Working one step ahead."""

from __future__ import annotations

import threading

import pytest

from luthier.core.ahead import Ahead, made_ahead


def test_the_next_value_is_made_while_one_is_used() -> None:
    made: list[int] = []
    second = threading.Event()

    def make(number: int) -> int:
        made.append(number)
        if number == 1:
            second.set()
        return number * number

    ahead = Ahead(make, 3)
    assert ahead.get(0) == 0
    assert second.wait(5)
    assert [ahead.get(1), ahead.get(2)] == [1, 4]
    assert made == [0, 1, 2]


def test_no_more_than_one_value_waits() -> None:
    made: list[int] = []
    ahead = Ahead(lambda number: made.append(number), 100)
    ahead.get(0)
    ahead._pool.shutdown()
    assert made == [0, 1]


def test_numbers_may_begin_and_jump_anywhere() -> None:
    ahead = Ahead(lambda number: number + 1, 50)
    assert [ahead.get(number) for number in (7, 8, 30, 2, 49)] == [8, 9, 31, 3, 50]


def test_errors_come_where_the_value_is_asked_for() -> None:
    ahead = Ahead(lambda number: 1 // (1 - number), 3)
    assert ahead.get(0) == 1
    with pytest.raises(ZeroDivisionError):
        ahead.get(1)


def test_items_keep_their_order() -> None:
    assert list(made_ahead(str.upper, "abc")) == [("a", "A"), ("b", "B"), ("c", "C")]
    assert list(made_ahead(str.upper, "")) == []
