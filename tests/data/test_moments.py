"""Reading dates in any form."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from luthier.data.moments import read_moments

NOON = "2015-02-24T11:35:52"
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2068, 12, 31)).map(
    lambda at: at.replace(microsecond=0)
)


def _iso(*cells, **more):
    return read_moments(pl.Series("at", cells), **more).iso.to_list()


@pytest.mark.parametrize(
    ("cell", "iso"),
    [
        ("2015-02-24", "2015-02-24"),
        ("2015/2/4", "2015-02-04"),
        ("2015.02.24 11:35", "2015-02-24T11:35:00"),
        ("24-02-2015 11.35", "2015-02-24T11:35:00"),
        ("24-02-2015 9.05", "2015-02-24T09:05:00"),
        ("2/24/15", "2015-02-24"),
        ("24.02.2015", "2015-02-24"),
        ("2015年2月24日", "2015-02-24"),
        ("２０１５年２月２４日", "2015-02-24"),
        ("2015年2月24日 下午3点05分", "2015-02-24T15:05:00"),
        ("2015-02-24 12:30 AM", "2015-02-24T00:30:00"),
        ("2015-02-24 12:30 pm", "2015-02-24T12:30:00"),
        ("24 Feb 2015", "2015-02-24"),
        ("February 24th, 2015", "2015-02-24"),
        ("Tue Feb 24 11:35:52 +0000 2015", NOON + "Z"),
        ("Tue, 24 Feb 2015 11:35:52 GMT", NOON + "Z"),
        ("2015-02-24T19:35:52+08:00", NOON + "Z"),
        ("2015-02-24T06:05:52-05:30", NOON + "Z"),
        ("2015-02-24T11:35:52.120", NOON + ".120"),
        ("24-02-69", "1969-02-24"),
        ("24-02-68", "2068-02-24"),
    ],
)
def test_forms_of_dates(cell, iso):
    assert _iso(cell) == [iso]
    assert _iso(iso) == [iso]


@pytest.mark.parametrize(
    "cell",
    ["hello", "", "2015-02-30", "2015-13-01", "2015-02-24 25:00", "12:30", "1.2.3", "192.168.1.1",
     "42059.48", "1424777752", "2015", "24 Xyz 2015", "555-12-1234"],
)  # fmt: skip
def test_what_is_no_date(cell):
    assert _iso(cell) == [None]


@pytest.mark.parametrize(
    ("cell", "iso"),
    [
        ("42059.4832407407", NOON),
        ("42059", "2015-02-24"),
        (42059.4832407407, NOON),
        ("1424777752", NOON + "Z"),
        ("1424777752120", NOON + ".120Z"),
        ("20150224", "2015-02-24"),
        ("20151324", None),
        ("7", None),
    ],
)
def test_numbers_count_where_they_may(cell, iso):
    assert _iso(cell, numbers=True) == [iso]


def test_other_cells_show_which_comes_first_each_way_of_writing_by_itself():
    found = read_moments(pl.Series(["03-04-2015", "24-04-2015", "3/4/15", "4/24/15"]))
    assert found.iso.to_list() == ["2015-04-03", "2015-04-24", "2015-03-04", "2015-04-24"]
    assert found.orders == {"dashes": "day_first", "slashes": "month_first"}
    assert found.unclear == {}


@pytest.mark.parametrize("cells", [["03-04-2015", "05-06-2015"], ["24-04-2015", "04-24-2015"]])
def test_nothing_is_guessed(cells):
    found = read_moments(pl.Series([*cells, "2015-01-01"]))
    assert found.iso.to_list() == [None, None, "2015-01-01"]
    assert found.unclear == {"dashes": 2}
    assert _iso("03-04-2015", order="month_first") == ["2015-03-04"]
    assert _iso("03-04-2015", order="day_first") == ["2015-04-03"]


def test_the_same_number_twice_is_clear():
    assert _iso("04-04-2015") == ["2015-04-04"]


def test_native_dates_are_written_too():
    assert _iso(date(2015, 2, 24)) == ["2015-02-24"]
    assert _iso(datetime(2015, 2, 24, 11, 35, 52)) == [NOON]
    assert _iso(datetime(2015, 2, 24, 11, 35, 52, tzinfo=UTC)) == [NOON + "Z"]


FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y/%m/%dT%H:%M:%S", "%Y年%m月%d日 %H:%M:%S", "%d %b %Y %H:%M:%S",
           "%b %d, %Y %I:%M:%S %p", "%a %b %d %H:%M:%S +0000 %Y")  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(st.lists(MOMENTS, min_size=1, max_size=8), st.sampled_from(FORMATS))
def test_what_is_written_is_read(moments, form):
    cells = pl.Series([at.strftime(form) for at in moments])
    found = read_moments(cells)
    epoch = datetime(1970, 1, 1)
    expected = [(at - epoch) // timedelta(milliseconds=1) for at in moments]
    assert found.stamps.to_list() == expected
    zone = "Z" if "+0000" in form else ""
    assert found.iso.to_list() == [at.isoformat() + zone for at in moments]


@settings(deadline=None, max_examples=60)
@given(MOMENTS)
def test_excel_counts_days(at):
    assume(at.time() != time(0))  # A whole number is a day without a time.
    days = (at - datetime(1899, 12, 30)) / timedelta(days=1)
    assert _iso(f"{days:.10f}", numbers=True)[0][:10] == at.date().isoformat()
    assert _iso(f"{days:.10f}", numbers=True) == [at.isoformat()]
