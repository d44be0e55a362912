"""Rankings of weighted samples are those of the rows written out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn import metrics as sk
from tests.metrics.draws import CLOSE, QUICK

from luthier.metrics.ranking import Ranking, Ties, mean_metrics


@st.composite
def weighted(draw: st.DrawFn) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Positive rows, scores with ties, and how often each row occurs."""
    row = st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 3))
    rows = np.array(draw(st.lists(row, min_size=1, max_size=30)))
    rows[0, 2] = 1
    return rows[:, 0] > 0, rows[:, 1] / 5, rows[:, 2]


def metrics_of(positive: NDArray[Any], scores: NDArray[Any], times: Any) -> tuple[float, float]:
    roc_auc, precision = Ranking(positive, scores).metrics(np.array([times], np.float64))
    return float(roc_auc[0]), float(precision[0])


@QUICK
@given(weighted())
def test_roc_auc_is_that_of_scikit_learn_on_repeated_rows(case: Any) -> None:
    truth, scores = (np.repeat(part, case[2]) for part in case[:2])
    found = metrics_of(*case)[0]
    if truth.all() or not truth.any():
        assert np.isnan(found)
    else:
        assert found == pytest.approx(sk.roc_auc_score(truth, scores), abs=CLOSE)


@QUICK
@given(weighted())
def test_average_precision_is_that_of_scikit_learn_on_repeated_rows(case: Any) -> None:
    truth, scores = (np.repeat(part, case[2]) for part in case[:2])
    found = metrics_of(*case)[1]
    if truth.any():
        assert found == pytest.approx(sk.average_precision_score(truth, scores), abs=CLOSE)
    else:
        assert np.isnan(found)


@QUICK
@given(weighted())
def test_roc_auc_is_the_chance_of_ranking_a_pair_rightly(case: Any) -> None:
    truth, scores = (np.repeat(part, case[2]) for part in case[:2])
    above = scores[truth][:, None] - scores[~truth][None]
    if above.size:
        chance = (above > 0).mean() + (above == 0).mean() / 2
        assert metrics_of(*case)[0] == pytest.approx(chance, abs=CLOSE)


@QUICK
@given(weighted())
def test_only_the_order_of_scores_matters(case: Any) -> None:
    positive, scores, times = case
    assert metrics_of(positive, np.exp(3 * scores), times) == pytest.approx(
        metrics_of(*case), abs=CLOSE, nan_ok=True
    )


@QUICK
@given(weighted())
def test_opposite_scores_have_the_opposite_roc_auc(case: Any) -> None:
    positive, scores, times = case
    opposite = metrics_of(positive, -scores, times)[0]
    assert opposite == pytest.approx(1 - metrics_of(*case)[0], abs=CLOSE, nan_ok=True)


def test_equal_scores_are_a_coin_and_the_share_of_positives() -> None:
    positive = np.array([True, False, False, True, False])
    assert metrics_of(positive, np.full(5, 0.3), np.ones(5)) == pytest.approx((0.5, 0.4))


def test_samples_are_measured_apart() -> None:
    random = np.random.default_rng(0)
    positive, scores = random.random(40) < 0.4, random.integers(0, 9, 40) / 9
    weights = random.integers(0, 3, (6, 40)).astype(np.float64)
    roc_auc, precision = Ranking(positive, scores).metrics(weights)
    for i, row in enumerate(weights):
        apart = metrics_of(positive, scores, row)
        assert (roc_auc[i], precision[i]) == pytest.approx(apart, abs=CLOSE)


def test_means_leave_undefined_rankings_out() -> None:
    scores = np.array([0.1, 0.2, 0.3])
    rankings = [
        Ranking(np.array(positive), scores)
        for positive in ([False, True, False], [False] * 3, [True] * 3)
    ]
    roc_auc, precision = mean_metrics(rankings, np.ones((1, 3)))
    assert roc_auc[0] == pytest.approx(0.5)
    assert precision[0] == pytest.approx((0.5 + 1) / 2)


def test_means_of_nothing_defined_are_undefined() -> None:
    roc_auc, precision = mean_metrics([Ranking(np.zeros(2, bool), np.ones(2))], np.ones((1, 2)))
    assert np.isnan([roc_auc[0], precision[0]]).all()


@QUICK
@given(weighted())
def test_ranks_are_those_of_scipy_on_repeated_rows(case: Any) -> None:
    _, values, times = case
    ranks = Ties(values).ranks(times[None].astype(np.float64))[0]
    assert np.repeat(ranks, times) == pytest.approx(rankdata(np.repeat(values, times)))
