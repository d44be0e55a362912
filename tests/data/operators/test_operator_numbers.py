"""Numbers in other columns."""

from __future__ import annotations

import polars as pl
import pytest
from tests.data.operators.test_operator_dates import made

from luthier.data.ledger import Ledger
from luthier.data.operator import Context
from luthier.data.operators.numbers import Numbers


def _apply(cells, **settings):
    rows, told = made("price", cells)
    return Numbers(**settings).apply(rows, told)["price"], told


def test_numbers_are_typed_and_those_written_otherwise_entered():
    values, told = _apply(["￥1,200", "7", "12%", None, " ", "N/A"])
    assert values.to_list() == [1200.0, 7.0, 0.12, None, None, None]
    assert told.ledger.table().select("row", "before", "after").rows() == [
        (0, "￥1,200", "1200.0"), (2, "12%", "0.12"), (5, "N/A", None),
    ]  # fmt: skip


@pytest.mark.parametrize(("strange", "typed"), [(1, True), (2, False)])
def test_from_a_share_on_the_column_is_one_of_numbers(strange, typed):
    values, told = _apply(["5"] * (20 - strange) + ["call us"] * strange)
    assert (values.dtype == pl.Int64) == typed
    assert told.ledger.table()["before"].to_list() == ["call us"] * (strange if typed else 0)


def test_yes_and_no_are_booleans():
    values, told = _apply(["是", "否", "true"])
    assert values.to_list() == [True, False, True]
    assert told.ledger.table()["row"].to_list() == [0, 1]


@pytest.mark.parametrize("cells", [["007", "008"], ["a", "b"], [None, ""], ["spam", "1"]])
def test_other_columns_stay_as_they_are(cells):
    values, told = _apply(cells)
    assert values.to_list() == cells
    assert told.ledger.table().is_empty()


def test_a_guess_is_noted():
    assert "1,234 is read as 1234" in _apply(["1,234", "2,345"])[1].notes[0]


def test_only_the_columns_asked_for():
    assert _apply(["1", "2"], columns=[])[0].to_list() == ["1", "2"]


def test_a_second_time_changes_nothing():
    rows, told = made("price", ["￥1,200", "5%"])
    once = Numbers().apply(rows, told)
    again = Context(told.roles, Ledger())
    assert Numbers().apply(once, again).equals(once)
    assert again.ledger.table().is_empty()
