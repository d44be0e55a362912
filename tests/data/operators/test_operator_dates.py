"""Dates in other columns."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest
from tests.data.making import LABEL, TEXT, context, table

from luthier.data.ledger import Ledger
from luthier.data.operator import Context
from luthier.data.operators.dates import Dates
from luthier.data.operators.numbers import Numbers
from luthier.data.roles import Role
from luthier.data.sources import read_source

PUBLIC = Path(os.environ.get("LUTHIER_DATA", Path(__file__).parents[4] / "shared" / "data"))


def made(name, cells, splits=None):
    rows = table([(f"t{n}", "x") for n in range(len(cells))], splits)
    rows = rows.with_columns(pl.Series(name, cells))
    return rows, Context((TEXT, LABEL, Role(name, "extra", required=False)), Ledger())


def test_mixed_forms_become_one_and_are_entered():
    cells = [
        "2015-02-24",
        "24-02-2015 11.35",
        "2/24/15",
        "2015年2月24日",
        "42059.5",
        "1424777752",
        None,
    ]
    rows, told = made("created", cells)
    after = Dates().apply(rows, told)
    assert after["created"].to_list() == [
        "2015-02-24", "2015-02-24T11:35:00", "2015-02-24", "2015-02-24", "2015-02-24T12:00:00",
        "2015-02-24T11:35:52Z", None,
    ]  # fmt: skip
    entries = told.ledger.table()
    assert entries["row"].to_list() == [1, 2, 3, 4, 5]
    assert entries["before"].to_list() == cells[1:6]
    assert "dashes are read day first" in told.notes[0]
    again = Context(told.roles, Ledger())
    assert Dates().apply(after, again).equals(after)
    assert again.ledger.table().is_empty()


def test_few_other_cells_become_null_and_many_leave_the_column_alone():
    rows, told = made("day", ["2015-02-24"] * 39 + ["soon"])
    assert Dates().apply(rows, told)["day"].to_list()[-1] is None
    assert told.ledger.table().select("row", "reason", "before").rows() == [
        (39, "day is no date", "soon")
    ]
    rows, told = made("day", ["2015-02-24"] * 9 + ["soon"])
    assert Dates().apply(rows, told).equals(rows)


@pytest.mark.parametrize("name", ["price", "update_count", "holidays"])
def test_numbers_are_dates_in_columns_of_such_a_name_only(name):
    rows, told = made(name, ["42059", "42060"])
    assert Dates().apply(rows, told).equals(rows)
    assert Dates(columns=[name]).apply(rows, told)[name].to_list() == ["2015-02-24", "2015-02-25"]


def test_ambiguous_columns_are_reported_and_not_guessed():
    rows, told = made("day", ["03/04/2015", "05/06/2015", "2015-01-01"])
    assert Dates().apply(rows, told).equals(rows)
    (finding,) = told.findings
    assert finding.fix == "data.steps.dates.order=day_first"
    entries = told.ledger.table()
    assert entries.select("row", "action").rows() == [(0, "flagged"), (1, "flagged")]
    told = Context(told.roles, Ledger())
    after = Dates(order="month_first").apply(rows, told)
    assert after["day"].to_list() == ["2015-03-04", "2015-05-06", "2015-01-01"]


def test_texts_are_never_dates():
    rows = table([("2015年2月24日", "2/24/15")])
    assert Dates().apply(rows, context()).equals(rows)


@pytest.mark.skipif(not PUBLIC.is_dir(), reason="no public data beside the repository")
@pytest.mark.parametrize("name", ["tweets.csv", "dirty_variant/Tweets_excel_cp1252.csv"])
def test_both_forms_of_a_real_table_say_the_same(name):
    raw = read_source(name, base_dir=PUBLIC / "twitter_airline").rows
    rows, told = made("tweet_created", raw["tweet_created"])
    days = Dates().apply(rows, told)["tweet_created"]
    assert days.null_count() == 0
    assert (days.min()[:10], days.max()[:10]) == ("2015-02-16", "2015-02-24")
    assert told.findings == []
    count, told = made("retweet_count", raw["retweet_count"])
    assert Numbers().apply(count, told)["retweet_count"].dtype == pl.Int64
