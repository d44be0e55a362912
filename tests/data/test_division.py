"""Ways to divide rows other than by chance alone."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.data.making import LABEL, TEXT, ids, table

from luthier.core.errors import DataError
from luthier.data.division import as_numbers, by_hash
from luthier.data.ledger import Ledger
from luthier.data.operator import Context
from luthier.data.roles import GROUP, ROW, SPLIT, SPLITS, Role
from luthier.data.split import split_rows
from luthier.recipe.schema import Data, Split


def _rows(count, **columns):
    rows = table([(f"text {n}", "ab"[n % 2]) for n in range(count)])
    return rows.with_columns(**{name: pl.Series(values) for name, values in columns.items()})


def _split(rows, **split):
    extras = [Role(n, "extra") for n in rows.columns if n not in ("text", "label") and n[0] != "_"]
    told = Context((TEXT, LABEL, *extras), Ledger())
    return split_rows(rows, Data(train="s.csv", split=split), told, {"train"})


def _places(rows):
    return dict(zip(rows[ROW].to_list(), rows[SPLIT].to_list(), strict=True))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 12), min_size=20, max_size=60), st.integers(0, 5))
@pytest.mark.parametrize("method", ["random", "hash"])
def test_a_group_never_straddles(method, groups, seed):
    rows = _rows(len(groups), customer=groups)
    out = _split(rows, method=method, group="customer", test=0.3, seed=seed)
    assert (out.group_by("customer").agg(pl.col(SPLIT).n_unique())[SPLIT] == 1).all()


@pytest.mark.parametrize("split", [
    {}, {"method": "hash"}, {"method": "time", "time": "at"}, {"folds": 3},
])  # fmt: skip
def test_rows_that_a_step_found_alike_never_straddle(split):
    groups = [n // 3 if n % 2 else None for n in range(90)]
    rows = _rows(90, at=list(range(90))).with_columns(pl.Series(GROUP, groups))
    out = _split(rows, test=0.3, **split)
    assert GROUP not in out.columns
    places = _places(out)
    for group in range(30):
        assert len({places[n] for n in range(90) if groups[n] == group and n in places}) <= 1


def test_by_hash_a_row_keeps_its_split_when_data_grow_and_in_any_order():
    rows = _rows(600)
    some = _places(_split(rows.head(300), method="hash"))
    every = _places(_split(rows, method="hash"))
    mixed = _split(rows.sample(fraction=1.0, shuffle=True, seed=1), method="hash")
    assert _places(mixed) == every
    assert some == {row: every[row] for row in some}
    count = Counter(every.values())
    assert count["test"] == pytest.approx(120, abs=30)
    assert count["validation"] == pytest.approx(60, abs=25)


def test_the_hash_is_the_same_for_ever():
    places = by_hash(pl.Series([f"text {n}" for n in range(20)]), np.arange(20), [0.4, 0.2], 0)
    assert places.tolist() == [2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 0, 1, 2, 0, 0, 0, 1]


def test_by_time_the_latest_are_the_test():
    order = random.Random(0).sample(range(100), 100)
    out = _split(_rows(100, at=order), method="time", time="at", test=0.2, validation=0.1)
    by_split = {name: out.filter(pl.col(SPLIT) == name)["at"] for name in SPLITS}
    assert by_split["train"].max() < by_split["validation"].min()
    assert by_split["validation"].max() < by_split["test"].min()
    assert [len(by_split[name]) for name in SPLITS] == [70, 10, 20]


def test_rows_of_one_time_stay_together():
    days = [f"2024-03-{1 + n // 10:02d}" for n in range(100)]
    out = _split(_rows(100, day=days), method="time", time="day", test=0.25, validation=0)
    assert set(out.filter(pl.col(SPLIT) == "test")["day"]) == {"2024-03-09", "2024-03-10"}


@pytest.mark.parametrize("values", [
    ["2024-02-29", "2024-03-01 10:30", "2024-03-01T10:31:02Z"], ["1", "2.5", "30"], [1, 2, 3],
])  # fmt: skip
def test_times_are_read_in_their_order(values):
    numbers = as_numbers(pl.Series(values)).to_list()
    assert numbers == sorted(numbers)
    assert None not in numbers


def test_a_column_without_times_is_refused():
    with pytest.raises(DataError, match="0 of 10 values of the column 'at'"):
        _split(_rows(10, at=["soon"] * 10), method="time", time="at")


def test_a_missing_column_is_refused_with_the_nearest():
    with pytest.raises(DataError, match="Did you mean 'customer'"):
        _split(_rows(10, customer=[1] * 10), group="custmer")


def test_every_row_is_tested_in_one_fold():
    rows = _rows(103)
    tested = Counter()
    for fold in range(4):
        out = _split(rows, folds=4, fold=fold, validation=0.1)
        assert ids(out) == ids(rows)
        mine = out.filter(pl.col(SPLIT) == "test")
        tested.update(mine[ROW].to_list())
        assert {25, 26} >= {len(mine)}
        assert abs(len(mine.filter(pl.col("label") == "a")) - len(mine) / 2) <= 1
    assert set(tested.values()) == {1}
    assert len(tested) == 103


def test_few_shots_are_nested():
    chosen = {}
    for count in (2, 4, 8):
        out = _split(_rows(200), few_shot=count)
        train = out.filter(pl.col(SPLIT) == "train")
        assert Counter(train["label"]) == {"a": count, "b": count}
        chosen[count] = set(train[ROW])
    assert chosen[2] < chosen[4] < chosen[8]


@pytest.mark.parametrize("values", [
    {"method": "time"}, {"time": "at"}, {"folds": 3, "fold": 3}, {"folds": 3, "method": "hash"},
])  # fmt: skip
def test_what_makes_no_sense_is_refused(values):
    with pytest.raises(ValidationError):
        Split(**values)
