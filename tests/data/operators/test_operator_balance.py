"""Classes of unequal size."""

from __future__ import annotations

import json
from collections import Counter

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.data.making import LABELS, NUMBER, assert_accounted, context, table

from luthier.data.operators.balance import Balance
from luthier.data.roles import ADDED, ROW, SPLIT

SIZES = st.lists(st.integers(1, 30), min_size=2, max_size=4)
RATIOS = st.sampled_from([1.0, 1.5, 3.0])


def _rows(sizes):
    cells = [(f"{n} {m}", f"c{n}") for n, size in enumerate(sizes) for m in range(size)]
    splits = ["train"] * len(cells) + ["test"] * 3 + ["validation"] * 2
    return table([*cells, *[(f"kept {n}", "c0") for n in range(5)]], splits)


def _train(rows):
    return Counter(rows.filter(pl.col(SPLIT) == "train")["label"])


@settings(deadline=None, max_examples=60)
@given(SIZES, RATIOS, st.integers(0, 3))
def test_undersampling_takes_only_from_train_and_no_more_than_needed(sizes, ratio, seed):
    rows, told = _rows(sizes), context(seed=seed)
    after = Balance(method="undersample", ratio=ratio).apply_divided(rows, told)
    assert_accounted(rows, after, told)
    most = int(ratio * min(sizes))
    assert sorted(_train(after).values()) == sorted(min(size, most) for size in sizes)
    assert len(after.filter(pl.col(SPLIT) != "train")) == 5


@settings(deadline=None, max_examples=60)
@given(SIZES, RATIOS, st.integers(0, 3))
def test_oversampling_repeats_rows_of_train_evenly(sizes, ratio, seed):
    rows, told = _rows(sizes), context(seed=seed)
    after = Balance(method="oversample", ratio=ratio).apply_divided(rows, told)
    assert after.head(len(rows)).drop(ADDED).equals(rows)
    added = after.filter(pl.col(ADDED) == "balance")
    assert len(added) == len(after) - len(rows)
    assert set(added[SPLIT]) <= {"train"}
    counts = _train(after)
    assert max(counts.values()) == max(sizes)
    assert max(counts.values()) <= ratio * min(counts.values())
    times = after.filter(pl.col(SPLIT) == "train").group_by("label", ROW).len()
    spread = times.group_by("label").agg(pl.col("len").max() - pl.col("len").min())
    assert spread["len"].max() <= 1
    entries = told.ledger.table()
    assert set(entries["action"]) <= {"added"}
    assert sorted(entries["row"]) == sorted(added[ROW])


@pytest.mark.parametrize("method", ["undersample", "oversample"])
def test_the_seed_decides(method):
    def drawn(seed):
        step = Balance(method=method, ratio=1.5)
        return step.apply_divided(_rows([30, 7]), context(seed=seed))

    assert drawn(1).equals(drawn(1))
    assert not drawn(1).equals(drawn(2))


@pytest.mark.parametrize(
    ("sizes", "told_of"), [([110, 10], True), ([100, 10], False), ([50], False)]
)
def test_very_unequal_classes_are_reported_by_default(sizes, told_of):
    rows, told = _rows(sizes), context()
    assert Balance().apply_divided(rows, told).equals(rows)
    assert len(told.findings) == told_of
    if told_of:
        (finding,) = told.findings
        assert finding.fields["ratio"] == 11.0
        assert finding.fields["fixes"] == [
            "data.steps.balance.method=oversample", "task.class_weights=balanced",
        ]  # fmt: skip
        assert "c1" in finding.to_json()["text"]["zh"]
        json.dumps(finding.to_json())


def test_several_labels_are_reported_only():
    lists = [["a"]] * 60 + [["a", "b"]] * 2
    rows = table([(f"t{n}", None) for n in range(62)]).with_columns(
        label=pl.Series(lists, dtype=pl.List(pl.String))
    )
    told = context(LABELS)
    assert Balance(method="oversample").apply_divided(rows, told).equals(rows)
    assert told.findings[0].fields["ratio"] == 31.0


def test_numbers_are_no_classes():
    told = context(NUMBER)
    rows = table([("a", "1"), ("b", "2")]).with_columns(pl.col("label").cast(pl.Float64))
    assert Balance(method="oversample").apply_divided(rows, told).equals(rows)
    assert told.findings == []
