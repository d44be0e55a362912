"""Who goes where: shares, classes, duplicates, seeds."""

from __future__ import annotations

from collections import Counter

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.data.making import LABELS, assert_accounted, context, ids, table

from luthier.data.roles import SPLIT, SPLITS
from luthier.data.split import split_rows
from luthier.recipe.schema import Data

SHARES = st.sampled_from([0.0, 0.1, 0.25, 0.5])


def _split(rows, told=None, given=frozenset({"train"}), limit=None, **shares):
    config = Data(train="s.csv", limit=limit, split=shares)
    return split_rows(rows, config, told or context(), set(given))


def _classes(**counts):
    return table([(f"{label} {n}", label) for label, count in counts.items() for n in range(count)])


def _count(rows):
    return Counter(rows.select(SPLIT, "label").iter_rows())


def test_every_class_gives_its_share():
    count = _count(_split(_classes(a=100, b=50, c=10), validation=0.1, test=0.2))
    assert [count["test", label] for label in "abc"] == [20, 10, 2]
    assert [count["validation", label] for label in "abc"] == [10, 5, 1]


def test_without_strata_only_the_whole_has_its_share():
    rows = _classes(a=500, b=500)
    counts = [
        _count(_split(rows, test=0.2, validation=0, stratify=False, seed=s)) for s in range(5)
    ]
    assert {count["test", "a"] + count["test", "b"] for count in counts} == {200}
    assert len({count["test", "a"] for count in counts}) > 1


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=5), SHARES, SHARES, st.integers(0, 9))
def test_shares_are_met_within_a_row_and_every_class_stays_in_train(sizes, validation, test, seed):
    rows = _classes(**{f"c{n}": size for n, size in enumerate(sizes)})
    out = _split(rows, validation=validation, test=test, seed=seed)
    count = _count(out)
    assert ids(out) == ids(rows)
    for number, size in enumerate(sizes):
        mine = {split: count[split, f"c{number}"] for split in SPLITS}
        assert mine["train"] >= 1
        assert mine["test"] <= size * test + 1
        # One row at least stays, so a class of few rows may give less than its share.
        assert mine["test"] >= min(int(size * test), size - 1)
        assert mine["validation"] <= size * validation + 1


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("xyz")), min_size=1),
    SHARES, SHARES, st.integers(0, 9), st.booleans(),
)  # fmt: skip
def test_duplicates_never_straddle_and_no_row_is_lost(cells, validation, test, seed, stratify):
    rows, told = table(cells), context()
    out = _split(rows, told, validation=validation, test=test, seed=seed, stratify=stratify)
    assert_accounted(rows, out, told)
    assert set(out[SPLIT]) <= set(SPLITS)
    assert (out.group_by("text").agg(pl.col(SPLIT).n_unique())[SPLIT] == 1).all()
    known = set(out.filter(pl.col(SPLIT) == "train")["label"])
    assert set(out["label"]) == known


def test_the_seed_decides():
    rows = _classes(a=60, b=60)
    first, again, other = (_split(rows, seed=seed)[SPLIT].to_list() for seed in (1, 1, 2))
    assert first == again != other


def test_the_seed_decides_whatever_the_labels_are_called():
    one, two = _classes(a=60, b=60), _classes(a=60, b=60)
    two = two.with_columns(pl.col("label").replace({"a": "z"}))
    assert _split(one)[SPLIT].to_list() == _split(two)[SPLIT].to_list()


@pytest.mark.parametrize("given", [("test",), ("validation",), ("test", "validation")])
def test_splits_that_are_given_stay_as_they_are(given):
    cells = [(f"t{n}", "ab"[n % 2]) for n in range(80)]
    splits = [given[n // 2 % len(given)] if n < 20 else "train" for n in range(80)]
    out = _split(table(cells, splits), given={"train", *given}, validation=0.1, test=0.2)
    assert out[SPLIT].to_list()[:20] == splits[:20]
    assert set(out[SPLIT][20:]).isdisjoint(given)
    assert set(out[SPLIT]) == set(SPLITS)


def test_a_label_that_only_test_has_is_left_out_and_noted():
    told = context()
    rows = table(
        [("a", "x"), ("b", "y"), ("c", "z"), ("d", "x")], ["train", "train", "test", "test"]
    )
    out = _split(rows, told, given={"train", "test"}, validation=0)
    assert ids(out.filter(pl.col(SPLIT) == "test")) == [("s.csv", 3)]
    assert "z" in told.notes[0]
    assert told.ledger.table().select("row", "operator", "before").rows() == [(2, "split", "z")]


def test_a_class_of_one_row_stays_in_train_and_is_noted():
    told = context()
    out = _split(_classes(a=20, b=1), told)
    assert _count(out)["train", "b"] == 1
    assert "b" in told.notes[0]


@pytest.mark.parametrize("limit", [1, 7, 30, 99])
def test_the_limit_takes_some_rows_of_train_in_order(limit):
    rows, told = _classes(a=20, b=10), context()
    out = _split(rows, told, limit=limit, validation=0, test=0)
    assert len(out) == min(limit, 30)
    assert_accounted(rows, out, told)


def test_the_limit_leaves_the_test_rows_that_are_given():
    rows = table([(f"t{n}", "ab"[n % 2]) for n in range(40)], ["train"] * 20 + ["test"] * 20)
    out = _split(rows, given={"train", "test"}, limit=6, validation=0)
    assert Counter(out[SPLIT]) == {"train": 6, "test": 20} or set(out["label"]) == {"a"}


def test_mixes_of_several_labels_give_their_share():
    rows = table([(f"t{n}", None) for n in range(90)]).with_columns(
        label=pl.Series([["a"], ["a", "b"], ["b"]] * 30, dtype=pl.List(pl.String))
    )
    out = _split(rows, context(LABELS), validation=0, test=0.2)
    mixes = out.filter(pl.col(SPLIT) == "test")["label"].list.join("+")
    assert Counter(mixes) == {"a": 6, "a+b": 6, "b": 6}


def test_a_label_of_several_that_train_lacks_is_left_out():
    told = context(LABELS)
    rows = table([("t", None)] * 3, ["train", "test", "test"]).with_columns(
        label=pl.Series([["a", "b"], ["b", "c"], []], dtype=pl.List(pl.String))
    )
    out = _split(rows, told, given={"train", "test"}, validation=0)
    assert [row for _, row in ids(out)] == [0, 2]
    assert "c" in told.notes[0]
    assert "b" not in told.notes[0].rpartition(":")[2]
