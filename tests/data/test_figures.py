"""Reading numbers in the ways of several countries."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luthier.data.figures import read_booleans, read_figures


def _values(*cells):
    found = read_figures(pl.Series("n", cells, dtype=pl.String))
    return None if found is None else found.values.to_list()


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("1,234.5", 1234.5), ("1.234,5", 1234.5), ("1,234,567", 1234567), ("1.234.567", 1234567),
        ("12%", 0.12), ("5‰", 0.005), ("￥1,200.50", 1200.5), ("$-5", -5), ("-$5", -5),
        ("1200元", 1200), ("USD 3.5", 3.5), ("１２３", 123), ("(5)", -5), ("\u22123", -3),
        ("1.2万", 12000.0), ("3亿", 3e8), ("1e3", 1000.0), ("5 000", 5000), (".5", 0.5), ("+7", 7),
        ("3,5", 3.5), ("1,234", 1234), ("1.234", 1.234),
    ],
)  # fmt: skip
def test_numbers_as_people_write_them(cell, number):
    assert _values(cell) == [pytest.approx(number)]


@pytest.mark.parametrize(
    "cell", ["", ".", "-", "a", "1.2.3", "1,23,4", "12-3", "%", "1 2", "1e999"]
)
def test_what_is_no_number(cell):
    assert _values(cell, "1") == [None, 1]


@pytest.mark.parametrize("cells", [["007", "12"], ["0571", "010"], ["12345678901234567890"]])
def test_codes_are_no_numbers(cells):
    assert read_figures(pl.Series(cells)) is None


def test_long_whole_numbers_lose_no_digit():
    assert _values("570306133677760513", "570301130888122000") == [
        570306133677760513, 570301130888122000,
    ]  # fmt: skip


def test_other_cells_show_what_a_comma_means():
    assert _values("1,234", "3,5") == [1.234, 3.5]
    assert _values("1,234", "3.5") == [1234, 3.5]
    assert _values("1.234", "3,5") == [1234, 3.5]


def test_a_guess_is_told():
    assert read_figures(pl.Series(["1,234"])).guessed
    assert not read_figures(pl.Series(["1,234", "0.5"])).guessed
    assert not read_figures(pl.Series(["1.234"])).guessed


def test_plain_cells_are_those_any_program_reads_alike():
    found = read_figures(pl.Series(["1,234", "5", "2.5", "1.0"]))
    assert found.plain.to_list() == [False, True, True, True]
    assert read_figures(pl.Series(["1.234", "3,5"])).plain.to_list() == [False, False]


@settings(deadline=None, max_examples=80)
@given(st.lists(st.integers(-(10**9), 10**9).map(lambda n: n / 100), min_size=1))
def test_what_is_written_either_way_is_read(numbers):
    english = [f"{n:,.2f}" for n in numbers]
    german = [cell.translate(str.maketrans(",.", ".,")) for cell in english]
    assert _values(*english) == pytest.approx(numbers)
    assert _values(*german) == pytest.approx(numbers)


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["是", "否", None], [True, False, None]),
        (["Yes", "no", " TRUE"], [True, False, True]),
        (["Y", "n"], [True, False]),
        (["yes"], None), (["yes", "maybe"], None), (["1", "0"], None), (["yes", "n"], None),
        ([None], None),
    ],
)  # fmt: skip
def test_yes_and_no(cells, values):
    found = read_booleans(pl.Series(cells, dtype=pl.String))
    assert (None if found is None else found.to_list()) == values
