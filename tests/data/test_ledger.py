"""The record of what happened to which row."""

from __future__ import annotations

import polars as pl
from tests.data.making import table

from luthier.data.ledger import SCHEMA, Ledger


def test_entries_have_origin_reason_and_both_values():
    ledger = Ledger()
    rows = table([("a", "x"), ("b", "y")])
    ledger.record("step", "changed", rows, pl.col("label"), pl.col("text"), pl.lit("new"))
    assert ledger.table().rows() == [
        ("s.csv", 0, "step", "changed", "x", "a", "new"),
        ("s.csv", 1, "step", "changed", "y", "b", "new"),
    ]


def test_no_entries_make_an_empty_table_of_the_same_columns():
    ledger = Ledger()
    ledger.record("step", "dropped", table([]), "nothing")
    assert dict(ledger.table().schema) == SCHEMA
    ledger.record("step", "dropped", table([("a", "x")]), "why")
    assert dict(ledger.table().schema) == SCHEMA


def test_counts_list_idle_steps_too():
    ledger = Ledger()
    ledger.record("one", "dropped", table([("a", "x"), ("b", "x")]), "why")
    ledger.record("one", "flagged", table([("a", "x")]), "why")
    nothing = {"dropped": 0, "changed": 0, "added": 0, "flagged": 0}
    assert ledger.counts(["one", "two"]) == {
        "one": {**nothing, "dropped": 2, "flagged": 1}, "two": nothing,
    }  # fmt: skip
