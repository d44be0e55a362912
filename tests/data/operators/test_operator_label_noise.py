"""Doubtful labels: planted ones are found, and what becomes of them is on record."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from tests.conftest import table as sentences
from tests.data.making import context, table
from tests.public import labelled, needs_data

from luthier.data.operators.label_noise import LabelNoise, suspects
from luthier.data.roles import ROW


def _flipped(rows, share, seed):
    """Rows with a share of other labels, and which these are."""
    random = np.random.default_rng(seed)
    names = sorted(rows["label"].unique())
    wrong = np.sort(random.choice(len(rows), round(share * len(rows)), replace=False))
    labels = rows["label"].to_list()
    for index in wrong:
        others = [name for name in names if name != labels[index]]
        labels[index] = others[random.integers(len(others))]
    return table(list(zip(rows["text"], labels, strict=True))), set(wrong.tolist())


def _found(rows, wrong, within=0.15):
    told = context()
    LabelNoise().apply_divided(rows, told)
    first = told.tables["label_noise"].head(int(within * len(rows)))["row"]
    return len(wrong & set(first)) / len(wrong), told


@needs_data
@pytest.mark.parametrize("name", ["airline", "chinese", "news", "news50", "questions"])
def test_most_flipped_labels_are_at_the_top_of_the_ranking(name):
    rows, wrong = _flipped(labelled(name, 10_000), 0.1, seed=0)
    found, told = _found(rows, wrong)
    assert found >= 0.7
    assert told.findings[0].fields["rows"] >= 0.05 * len(rows)


@pytest.fixture
def noisy():
    rows = pl.DataFrame(sentences(400), schema=["text", "label"], orient="row")
    return _flipped(rows, 0.1, seed=1)


def test_flagged_rows_stay_as_they_are(noisy):
    rows, wrong = noisy
    found, told = _found(rows, wrong)
    assert found > 0.9
    entries = told.ledger.table()
    assert set(entries["action"]) == {"flagged"}
    assert len(set(entries["row"]) & wrong) > 0.6 * len(wrong)
    assert "has probability" in entries["reason"][0]


def test_dropped_rows_are_those_that_were_doubted(noisy):
    rows, wrong = noisy
    told = context()
    after = LabelNoise(action="drop").apply_divided(rows, told)
    gone = set(rows[ROW]) - set(after[ROW])
    assert gone == set(told.ledger.table()["row"])
    assert len(gone & wrong) > 0.6 * len(wrong)
    assert len(gone - wrong) < 0.03 * len(rows)


def test_relabelled_rows_get_their_label_back(noisy):
    rows, wrong = noisy
    right = dict(enumerate(label for _, label in sentences(400)))
    after = LabelNoise(action="relabel").apply_divided(rows, context())
    mended = dict(zip(after[ROW], after["label"], strict=True))
    assert sum(mended[row] == right[row] for row in wrong) > 0.6 * len(wrong)


def test_the_share_bounds_what_is_touched(noisy):
    rows, _ = noisy
    after = LabelNoise(action="drop", share=0.01).apply_divided(rows, context())
    assert len(after) == len(rows) - 4


def test_only_train_is_judged(noisy):
    rows, _ = noisy
    rows = rows.with_columns(
        _split=pl.when(pl.col(ROW) < 100).then(pl.lit("test")).otherwise(pl.lit("train"))
    )
    told = context()
    after = LabelNoise(action="drop").apply_divided(rows, told)
    assert after.filter(pl.col(ROW) < 100).equals(rows.filter(pl.col(ROW) < 100))
    assert told.tables["label_noise"]["row"].min() == 100


def test_few_rows_are_not_judged():
    told = context()
    rows = table([(f"t{n}", "ab"[n % 2]) for n in range(20)])
    assert LabelNoise().apply_divided(rows, told).equals(rows)
    assert told.tables == {}


def test_threads_and_a_second_time_give_the_same(noisy):
    rows, _ = noisy
    tables = []
    for workers in (1, 2, 2):
        told = context(workers=workers)
        LabelNoise().apply_divided(rows, told)
        tables.append(told.tables["label_noise"])
    assert tables[0].equals(tables[1])
    assert tables[0].equals(tables[2])


def test_suspects_are_surer_than_usual_of_another_class():
    judged = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.3, 0.7], [0.05, 0.95]])
    given = np.array([0, 0, 1, 1, 0])
    suggested, doubtful = suspects(judged, given)
    assert suggested.tolist() == [1, 1, 0, 0, 1]
    assert doubtful.tolist() == [False, False, False, False, True]
