"""One text, two answers."""

from __future__ import annotations

import pytest
from tests.data.making import context, ids, reasons, table

from luthier.data.operators.conflicts import Conflicts


def _kept(cells, splits=None, **settings):
    told = context()
    after = Conflicts(**settings).apply(table(cells, splits), told)
    return [row for _, row in ids(after)], reasons(told)


def test_the_majority_decides():
    kept, why = _kept([("a", "x"), ("a", "y"), ("b", "y"), ("a", "x")])
    assert kept == [0, 2, 3]
    assert why == {1: "most rows with this text have another label"}


def test_half_is_no_majority():
    kept, why = _kept([("a", "x"), ("a", "y"), ("b", "x")])
    assert kept == [2]
    assert set(why.values()) == {"other rows with this text have another label"}


def test_none_keeps_no_row_of_such_a_text():
    assert _kept([("a", "x"), ("a", "x"), ("a", "y"), ("b", "x")], keep="none")[0] == [3]


def test_splits_do_not_decide_about_each_other():
    cells = [("a", "x"), ("a", "x"), ("a", "y")]
    assert _kept(cells, ["train", "train", "test"])[0] == [0, 1, 2]


@pytest.mark.parametrize("other", ["A", "a ", "a."])
def test_other_texts_are_no_conflict(other):
    assert _kept([("a", "x"), (other, "y")])[0] == [0, 1]


def test_the_ledger_has_the_answer():
    told = context()
    Conflicts().apply(table([("a", "x"), ("a", "y")]), told)
    assert told.ledger.table()["before"].to_list() == ["x", "y"]
