"""Multi-label metrics are scikit-learn's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk
from tests.metrics.draws import CLOSE, QUICK, Case, assert_sound, labelled, names

from luthier.core.errors import DataError, ModelError
from luthier.metrics import MULTILABEL, Measures, measure_multilabel


def measure(case: Case, **settings: Any) -> Measures:
    settings = {"resamples": 0} | settings
    return measure_multilabel(*case, names(case[1].shape[1]), **settings)


def values(case: Case) -> dict[str, float]:
    return measure(case).values()


def several(case: Case) -> Case:
    """At least two labels: scikit-learn takes one column for single-label truth."""
    return (np.c_[case[0], case[0][:, :1]], np.c_[case[1], case[1][:, :1]])


@pytest.mark.parametrize("mean", ["macro", "micro", "weighted"])
@QUICK
@given(case=labelled().map(several))
def test_precision_recall_and_f1_are_those_of_scikit_learn(mean: str, case: Case) -> None:
    expected = sk.precision_recall_fscore_support(
        case[0], case[1] >= 0.5, average=mean, zero_division=0
    )[:3]
    found = [values(case)[f"{kind}_{mean}"] for kind in ("precision", "recall", "f1")]
    assert found == pytest.approx(expected, abs=CLOSE)


@QUICK
@given(labelled().map(several))
def test_means_over_rows_are_those_of_scikit_learn(case: Case) -> None:
    truth, answers, found = case[0], (case[1] >= 0.5).astype(int), values(case)
    f1 = sk.f1_score(truth, answers, average="samples", zero_division=0)
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(truth, answers), abs=CLOSE)
    assert found["hamming_loss"] == pytest.approx(sk.hamming_loss(truth, answers), abs=CLOSE)
    assert found["f1_samples"] == pytest.approx(f1, abs=CLOSE)


@QUICK
@given(labelled())
def test_log_loss_is_that_of_all_labels_as_rows(case: Case) -> None:
    expected = sk.log_loss(case[0].ravel(), case[1].ravel(), labels=[0, 1])
    assert values(case)["log_loss"] == pytest.approx(expected, abs=CLOSE)


@QUICK
@given(labelled())
def test_rankings_are_means_over_the_labels_that_define_them(case: Case) -> None:
    truth, scores = case[0].T, case[1].T
    both = list(zip(truth, scores, strict=True))
    aucs = [sk.roc_auc_score(t, s) for t, s in both if t.min() < t.max()]
    precisions = [sk.average_precision_score(t, s) for t, s in both if t.any()]
    found = values(case)
    for name, expected in (("roc_auc_macro", aucs), ("average_precision_macro", precisions)):
        assert (name in found) == bool(expected)
        assert found.get(name, 0) == pytest.approx(np.mean(expected or [0]), abs=CLOSE)


@QUICK
@given(labelled().map(several))
def test_labels_are_described_as_by_scikit_learn(case: Case) -> None:
    expected = sk.precision_recall_fscore_support(case[0], case[1] >= 0.5, zero_division=0)
    table = measure(case).per_class
    found = [(r["precision"], r["recall"], r["f1"]["value"], r["support"]) for r in table]
    assert np.array(found) == pytest.approx(np.array(expected).T, abs=CLOSE)


@QUICK
@given(labelled(), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_labels_does_not_matter(case: Case, random: Any) -> None:
    rows, labels = case[1].shape
    order = np.ix_(random.sample(range(rows), rows), random.sample(range(labels), labels))
    assert values((case[0][order], case[1][order])) == pytest.approx(values(case), abs=CLOSE)


@QUICK
@given(labelled())
def test_certain_right_answers_are_perfect(case: Case) -> None:
    truth = np.r_[case[0], np.ones((1, case[0].shape[1]), int)]
    truth[0] = 0
    found = values((truth, truth.astype(np.float64)))
    rows_with_labels = truth.any(1).mean()
    expected = dict.fromkeys(MULTILABEL, 1.0) | {"hamming_loss": 0.0, "log_loss": 0.0}
    assert found == pytest.approx(expected | {"f1_samples": rows_with_labels}, abs=CLOSE)


@QUICK
@given(labelled())
def test_whatever_the_rows_everything_is_finite_and_within_bounds(case: Case) -> None:
    measures = measure(case, resamples=20)
    assert_sound(measures)
    for name, value in measures.values().items():
        assert -CLOSE <= value <= (37 if name == "log_loss" else 1) + CLOSE


def test_gain_is_over_giving_the_labels_of_most_rows() -> None:
    truth = np.array([[1, 0]] * 3 + [[0, 1]])
    gains = measure((truth, truth.astype(np.float64)), resamples=50).gains
    assert gains["accuracy"].value == pytest.approx(0.25)
    assert gains["hamming_loss"].value == pytest.approx(0.25)
    assert gains["recall_macro"].value == pytest.approx(0.5)


def test_a_label_is_given_from_one_half_on() -> None:
    case = np.array([[1, 1]]), np.array([[0.5, 0.499]])
    assert values(case)["recall_micro"] == 0.5


def test_lengths_must_match() -> None:
    with pytest.raises(ValueError, match="1 answers, but 2 predictions"):
        measure((np.array([[0, 1]]), np.full((2, 2), 0.5)))


def test_no_rows_are_refused() -> None:
    with pytest.raises(DataError, match="no rows"):
        measure((np.empty((0, 2), int), np.empty((0, 2))))


def test_answers_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(ModelError, match="2 of 2 rows"):
        measure((np.array([[0, 1], [1, 0]]), np.array([[np.nan, np.nan], [0.5, np.nan]])))
