"""Exact duplicates."""

from __future__ import annotations

import pytest
from tests.data.making import context, ids, reasons, table

from luthier.data.operators.duplicates import Duplicates


def test_the_first_stays():
    told = context()
    after = Duplicates().apply(table([("a", "x"), ("b", "x"), ("a", "x"), ("a", "x")]), told)
    assert [row for _, row in ids(after)] == [0, 1]
    assert reasons(told) == dict.fromkeys([2, 3], "same as an earlier row")
    assert told.ledger.table()["before"].to_list() == ["a", "a"]


@pytest.mark.parametrize(
    ("cells", "splits"),
    [
        ([("a", "x"), ("a", "y")], None),
        ([("a", "x"), ("A", "x")], None),
        ([("a", "x"), ("a", "x")], ["train", "test"]),
    ],
    ids=["other label", "other case", "other split"],
)
def test_rows_that_differ_stay(cells, splits):
    assert len(Duplicates().apply(table(cells, splits), context())) == 2
