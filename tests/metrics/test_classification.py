"""Single-label metrics are scikit-learn's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk
from tests.metrics.draws import CLOSE, QUICK, Case, assert_sound, classified, names

from luthier.core.errors import DataError, ModelError
from luthier.metrics import CLASSIFICATION, Measures, measure_classification
from luthier.metrics.classification import confusion_matrix

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")

NOT_RANKED = [name for name in CLASSIFICATION if name not in ("roc_auc", "average_precision")]


def measure(case: Case, **settings: Any) -> Measures:
    truth, probabilities = case
    settings = {"resamples": 0} | settings
    return measure_classification(truth, probabilities, names(probabilities.shape[1]), **settings)


def values(case: Case) -> dict[str, float]:
    return measure(case).values()


@QUICK
@given(classified())
def test_accuracy_is_that_of_scikit_learn(case: Case) -> None:
    expected = sk.accuracy_score(case[0], case[1].argmax(1))
    assert values(case)["accuracy"] == pytest.approx(expected, abs=CLOSE)


@pytest.mark.parametrize("mean", ["macro", "micro", "weighted"])
@QUICK
@given(case=classified())
def test_precision_recall_and_f1_are_those_of_scikit_learn(mean: str, case: Case) -> None:
    expected = sk.precision_recall_fscore_support(
        case[0], case[1].argmax(1), average=mean, zero_division=0
    )[:3]
    found = [values(case)[f"{kind}_{mean}"] for kind in ("precision", "recall", "f1")]
    assert found == pytest.approx(expected, abs=CLOSE)


@QUICK
@given(classified())
def test_classes_are_described_as_by_scikit_learn(case: Case) -> None:
    classes = range(case[1].shape[1])
    expected = sk.precision_recall_fscore_support(
        case[0], case[1].argmax(1), labels=classes, zero_division=0
    )
    table = measure(case).per_class
    found = [(r["precision"], r["recall"], r["f1"]["value"], r["support"]) for r in table]
    assert np.array(found) == pytest.approx(np.array(expected).T, abs=CLOSE)
    assert [row["label"] for row in table] == names(len(classes))


@QUICK
@given(classified())
def test_balanced_accuracy_is_that_of_scikit_learn(case: Case) -> None:
    expected = sk.balanced_accuracy_score(case[0], case[1].argmax(1))
    assert values(case)["balanced_accuracy"] == pytest.approx(expected, abs=CLOSE)


@QUICK
@given(classified())
def test_matthews_correlation_is_that_of_scikit_learn(case: Case) -> None:
    expected = sk.matthews_corrcoef(case[0], case[1].argmax(1))
    assert values(case)["mcc"] == pytest.approx(expected, abs=CLOSE)


@QUICK
@given(classified())
def test_log_loss_is_that_of_scikit_learn(case: Case) -> None:
    expected = sk.log_loss(case[0], case[1], labels=range(case[1].shape[1]))
    assert values(case)["log_loss"] == pytest.approx(expected, abs=CLOSE)


@QUICK
@given(classified(2, 2))
def test_brier_of_two_classes_is_that_of_scikit_learn(case: Case) -> None:
    expected = sk.brier_score_loss(case[0], case[1][:, 1], pos_label=1)
    assert values(case)["brier"] == pytest.approx(expected, abs=CLOSE)


@QUICK
@given(classified(3))
def test_brier_of_more_classes_is_that_of_scikit_learn(case: Case) -> None:
    expected = sk.brier_score_loss(case[0], case[1], labels=range(case[1].shape[1]))
    assert values(case)["brier"] == pytest.approx(expected, abs=CLOSE)


@QUICK
@given(classified())
def test_confusion_matrix_is_that_of_scikit_learn(case: Case) -> None:
    classes = case[1].shape[1]
    expected = sk.confusion_matrix(case[0], case[1].argmax(1), labels=range(classes))
    assert measure(case).confusion == expected.tolist()
    assert (confusion_matrix(case[0], case[1].argmax(1), classes) == expected).all()


@QUICK
@given(classified(2, 2))
def test_rankings_of_two_classes_are_those_of_scikit_learn(case: Case) -> None:
    truth, found = case[0], values(case)
    if truth.min() < truth.max():
        expected = sk.roc_auc_score(truth, case[1][:, 1])
        assert found["roc_auc"] == pytest.approx(expected, abs=CLOSE)
    else:
        assert "roc_auc" not in found
    if truth.any():
        expected = sk.average_precision_score(truth, case[1][:, 1])
        assert found["average_precision"] == pytest.approx(expected, abs=CLOSE)
    else:
        assert "average_precision" not in found


@QUICK
@given(classified(3))
def test_rankings_of_more_classes_are_one_vs_rest_means(case: Case) -> None:
    truth, probabilities = case
    classes = probabilities.shape[1]
    case = np.r_[truth, np.arange(classes)], np.r_[probabilities, np.eye(classes)[::-1]]
    found = values(case)
    roc_auc = sk.roc_auc_score(*case, multi_class="ovr", labels=range(classes))
    precision = sk.average_precision_score(np.eye(classes)[case[0]], case[1])
    assert found["roc_auc"] == pytest.approx(roc_auc, abs=CLOSE)
    assert found["average_precision"] == pytest.approx(precision, abs=CLOSE)


@QUICK
@given(classified(3))
def test_rankings_leave_absent_classes_out(case: Case) -> None:
    truth, probabilities = case
    mixed = [c for c in set(truth.tolist()) if (truth != c).any()]
    expected = [sk.roc_auc_score(truth == c, probabilities[:, c]) for c in mixed]
    found = values(case)
    assert ("roc_auc" in found) == bool(expected)
    assert found.get("roc_auc", 0) == pytest.approx(np.mean(expected or [0]), abs=CLOSE)


@QUICK
@given(classified(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(case: Case, random: Any) -> None:
    order = random.sample(range(len(case[0])), len(case[0]))
    assert values((case[0][order], case[1][order])) == pytest.approx(values(case), abs=CLOSE)


@QUICK
@given(classified(3), st.randoms(use_true_random=False))
def test_the_order_of_classes_does_not_matter(case: Case, random: Any) -> None:
    truth, probabilities = case
    classes = probabilities.shape[1]
    # The first of equally probable classes is the answer: no two may be.
    probabilities = probabilities + np.arange(classes) / 1000
    probabilities /= probabilities.sum(1, keepdims=True)
    order = np.array(random.sample(range(classes), classes))
    renamed = order[truth], probabilities[:, np.argsort(order)]
    assert values(renamed) == pytest.approx(values((truth, probabilities)), abs=CLOSE)


@QUICK
@given(classified())
def test_certain_right_answers_are_perfect(case: Case) -> None:
    truth, classes = np.r_[case[0], 0, 1], case[1].shape[1]
    found = values((truth, np.eye(classes)[truth]))
    for name in CLASSIFICATION:
        best = 0 if name in ("log_loss", "brier", "ece") else 1
        assert found[name] == pytest.approx(best, abs=CLOSE)
    assert found["mcc"] <= 1


@QUICK
@given(classified())
def test_values_stay_within_their_bounds(case: Case) -> None:
    for name, value in values(case).items():
        low = -1 if name == "mcc" else 0
        high = {"log_loss": 37, "brier": 2}.get(name, 1)
        assert low - CLOSE <= value <= high + CLOSE


@QUICK
@given(classified(1))
def test_whatever_the_rows_everything_is_finite(case: Case) -> None:
    measures = measure(case, resamples=20)
    assert_sound(measures)
    assert set(NOT_RANKED) <= set(measures.metrics)


def test_rows_counts_and_calibration_come_with_the_metrics() -> None:
    case = np.array([0, 0, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]])
    measures = measure(case)
    assert measures.n == 3
    assert measures.confusion == [[1, 1], [0, 1]]
    assert measures.calibration["ece"] == measures.metrics["ece"].value
    assert sum(row["count"] for row in measures.calibration["bins"]) == 3


def test_gain_is_over_the_most_frequent_class() -> None:
    truth = np.array([0] * 4 + [1] * 6)
    gains = measure((truth, np.eye(2)[truth]), resamples=50).gains
    constant = np.ones(10, int)
    assert gains["accuracy"].value == pytest.approx(0.4)
    assert gains["f1_macro"].value == pytest.approx(
        1 - sk.f1_score(truth, constant, average="macro")
    )
    assert gains["mcc"].value == pytest.approx(1)


def test_always_answering_the_most_frequent_class_gains_nothing() -> None:
    truth = np.array([0] * 4 + [1] * 6)
    gains = measure((truth, np.eye(2)[np.ones(10, int)]), resamples=50).gains
    assert {(gain.value, gain.low, gain.high, gain.p) for gain in gains.values()} == {(0, 0, 0, 1)}


def test_single_precision_is_measured_like_double() -> None:
    random = np.random.default_rng(0)
    case = random.integers(0, 3, 50), random.dirichlet(np.ones(3), 50).astype(np.float32)
    double = values((case[0], case[1].astype(np.float64)))
    assert values(case) == pytest.approx(double, abs=1e-5)


def test_lengths_must_match() -> None:
    with pytest.raises(ValueError, match="2 answers, but 1 predictions"):
        measure((np.array([0, 1]), np.array([[0.5, 0.5]])))


def test_no_rows_are_refused() -> None:
    with pytest.raises(DataError, match="no rows"):
        measure((np.array([], int), np.empty((0, 2))))


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_answers_that_are_no_numbers_are_refused(broken: float) -> None:
    with pytest.raises(ModelError, match="1 of 2 rows"):
        measure((np.array([0, 1]), np.array([[0.5, 0.5], [broken, 0.5]])))
