"""Whether test rows are told from those to train on: when they differ, and only then."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from tests.conftest import table as sentences
from tests.data.making import context, table

from luthier.data.operators.drift import Drift, auc


def _found(test_rows, train_rows, split="test"):
    rows = table([*train_rows, *test_rows], ["train"] * len(train_rows) + [split] * len(test_rows))
    told = context()
    assert Drift().apply_divided(rows, told).equals(rows)
    return told.findings


def test_rows_of_one_kind_raise_no_alarm():
    rows = sentences(600)
    for start in (0, 100, 300):
        test = rows[start : start + 150]
        assert _found(test, [row for row in rows if row not in test]) == []


@pytest.mark.parametrize("split", ["test", "validation"])
def test_other_texts_are_told_apart(split):
    train = sentences(300)
    test = [(f"完全不同的文本 {n} 说的是别的事情", "positive") for n in range(100)]
    (found,) = _found(test, train, split)
    assert found.fields["area"] > 0.95
    assert found.fields["split"] == split
    assert "Chinese 0% and 100%" in found.fields["differences"]
    assert "class positive" in found.fields["differences"]


def test_another_length_is_named():
    train = sentences(300)
    test = [(" ".join([text] * 4), label) for text, label in sentences(100, seed=5)]
    (found,) = _found(test, train)
    assert "median length" in found.fields["differences"]


def test_few_rows_say_nothing():
    assert _found([("完全不同", "positive")] * 20, sentences(300)) == []


def test_the_area_is_that_of_scikit_learn():
    random = np.random.default_rng(0)
    positive = random.integers(0, 2, 500)
    scores = (random.random(500) + 0.3 * positive).round(2)
    area, error = auc(scores, positive)
    assert area == pytest.approx(roc_auc_score(positive, scores), abs=1e-12)
    again = [
        roc_auc_score(positive[rows], scores[rows]) for rows in random.integers(0, 500, (300, 500))
    ]
    assert error == pytest.approx(np.std(again), rel=0.25)
