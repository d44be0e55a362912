"""Calibration against its definition, row by row."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.metrics.draws import CLOSE, QUICK, Case, classified, names

from luthier.metrics import measure_classification
from luthier.metrics.calibration import Reliability, brier, expected_error

Rows = list[tuple[float, bool]]

ROWS = st.lists(
    st.tuples(st.integers(0, 64).map(lambda i: i / 64), st.booleans()), min_size=1, max_size=60
)
"""Confidences off the edges of bins, which fifteenths share with 64ths only at the ends."""


def reliability(rows: Rows) -> Reliability:
    confidence, right = zip(*rows, strict=True)
    return Reliability(np.array(confidence), np.array(right))


def error(rows: Rows) -> float:
    return float(expected_error(np.ones((1, len(rows))), reliability(rows).terms())[0])


def binned(rows: Rows) -> list[Rows]:
    """The rows of each of 15 bins, found by trying every bin."""
    first = [row for row in rows if 0 <= row[0] <= 1 / 15]
    return [first, *([r for r in rows if m / 15 < r[0] <= (m + 1) / 15] for m in range(1, 15))]


def mean(numbers: list[float]) -> float:
    return sum(numbers) / len(numbers)


@QUICK
@given(ROWS)
def test_expected_error_is_the_definition(rows: Rows) -> None:
    expected = 0.0
    for members in filter(None, binned(rows)):
        gap = mean([right for _, right in members]) - mean([sure for sure, _ in members])
        expected += len(members) / len(rows) * abs(gap)
    assert error(rows) == pytest.approx(expected, abs=CLOSE)


@QUICK
@given(ROWS)
def test_curve_is_the_definition(rows: Rows) -> None:
    curve = reliability(rows).curve()
    members = [members for members in binned(rows) if members]
    assert [row["count"] for row in curve] == [len(group) for group in members]
    for row, group in zip(curve, members, strict=True):
        assert row["confidence"] == pytest.approx(mean([sure for sure, _ in group]), abs=CLOSE)
        assert row["accuracy"] == pytest.approx(mean([right for _, right in group]), abs=CLOSE)


def test_an_edge_belongs_to_the_bin_below() -> None:
    edges = np.array([0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert Reliability(edges, edges > 0).bins().tolist() == [0, 2, 5, 8, 11, 14]


def test_confidence_that_comes_true_has_no_error() -> None:
    assert error([(0.75, True)] * 3 + [(0.75, False)]) == pytest.approx(0)


def test_certainty_that_never_comes_true_is_the_worst() -> None:
    assert error([(1.0, False)] * 5) == pytest.approx(1)


def test_errors_of_one_bin_cancel_and_of_two_do_not() -> None:
    assert error([(0.5, True), (0.5, False)]) == pytest.approx(0)
    assert error([(0.55, True), (0.45, False)]) == pytest.approx(0.45)


@QUICK
@given(ROWS, st.integers(1, 4))
def test_weights_are_repeated_rows(rows: Rows, times: int) -> None:
    weights = np.ones(len(rows))
    weights[0] += times
    kept = np.r_[np.zeros(times, int), np.arange(len(rows))]
    # A sample has as many rows as the data: the plain sum over rows is compared.
    weighted = expected_error(weights[None], reliability(rows).terms())[0] * len(rows)
    assert weighted == pytest.approx(error([rows[i] for i in kept]) * len(kept), abs=CLOSE)


@QUICK
@given(classified())
def test_measured_is_the_confidence_in_the_answer_given(case: Case) -> None:
    truth, probabilities = case
    answers = probabilities.argmax(1)
    sure = probabilities[np.arange(len(truth)), answers]
    rows = [(float(s), bool(a == t)) for s, a, t in zip(sure, answers, truth, strict=True)]
    measures = measure_classification(*case, names(probabilities.shape[1]), resamples=0)
    assert measures.calibration["bins"] == reliability(rows).curve()
    assert measures.metrics["ece"].value == pytest.approx(error(rows), abs=CLOSE)


@QUICK
@given(classified(2, 4))
def test_brier_is_the_squared_distance_halved_for_two_classes(case: Case) -> None:
    truth, probabilities = case
    rows: NDArray[np.float64] = brier(truth, probabilities)
    for found, true, given_ in zip(rows, truth, probabilities.tolist(), strict=True):
        distance = sum((p - (i == true)) ** 2 for i, p in enumerate(given_))
        assert found == pytest.approx(distance / (2 if len(given_) == 2 else 1), abs=CLOSE)
