"""Metrics of scores are those of scikit-learn and scipy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from sklearn import metrics as sk
from tests.metrics.draws import CLOSE, QUICK, assert_sound, scored

from luthier.core.errors import DataError, ModelError
from luthier.metrics import REGRESSION, measure_regression
from luthier.metrics.regression import _correlations

Pair = tuple[NDArray[Any], NDArray[Any]]


def values(pair: Pair) -> dict[str, float]:
    return measure_regression(*pair, resamples=0).values()


def varied(array: NDArray[Any]) -> bool:
    return array.min() < array.max()


@QUICK
@given(scored())
def test_sizes_of_errors_are_those_of_scikit_learn(pair: Pair) -> None:
    found = values(pair)
    assert found["mse"] == pytest.approx(sk.mean_squared_error(*pair), abs=CLOSE)
    assert found["rmse"] == pytest.approx(sk.root_mean_squared_error(*pair), abs=CLOSE)
    assert found["mae"] == pytest.approx(sk.mean_absolute_error(*pair), abs=CLOSE)


@QUICK
@given(scored())
def test_r2_is_that_of_scikit_learn_where_the_truth_varies(pair: Pair) -> None:
    found = values(pair)
    assert ("r2" in found) == varied(pair[0])
    if "r2" in found:
        assert found["r2"] == pytest.approx(sk.r2_score(*pair), rel=CLOSE, abs=CLOSE)


@QUICK
@given(scored())
def test_correlations_are_those_of_scipy_where_both_vary(pair: Pair) -> None:
    found, defined = values(pair), varied(pair[0]) and varied(pair[1])
    assert ("pearson" in found, "spearman" in found) == (defined, defined)
    if defined:
        assert found["pearson"] == pytest.approx(stats.pearsonr(*pair).statistic, abs=CLOSE)
        assert found["spearman"] == pytest.approx(stats.spearmanr(*pair).statistic, abs=CLOSE)


@QUICK
@given(scored(whole=True))
def test_kappa_is_that_of_scikit_learn_on_rounded_answers(pair: Pair) -> None:
    low, high = pair[0].min(), pair[0].max()
    rounded, found = np.clip(np.round(pair[1]), low, high), values(pair)
    assert ("quadratic_kappa" in found) == (low < high)
    if low < high:
        levels = np.arange(low, high + 1)
        expected = sk.cohen_kappa_score(pair[0], rounded, labels=levels, weights="quadratic")
        assert found["quadratic_kappa"] == pytest.approx(expected, abs=CLOSE)


def test_kappa_needs_whole_targets() -> None:
    answers = np.array([1.0, 2.0, 3.0])
    assert "quadratic_kappa" not in values((np.array([1.0, 2.0, 2.5]), answers))
    assert "quadratic_kappa" in values((np.array([1.0, 2.0, 3.0]), answers))


@pytest.mark.parametrize("constant", [0.1, 1 / 3, 1e9 + 0.1, -1e-9, 3.0])
@pytest.mark.parametrize("rows", [1, 3, 7, 200_000])
def test_a_constant_correlates_with_nothing(constant: float, rows: int) -> None:
    varying = np.linspace(0, 1, rows)
    for pair in ((np.full(rows, constant), varying), (varying, np.full(rows, constant))):
        assert not {"pearson", "spearman"} & set(values(pair))


@pytest.mark.parametrize("constant", [0.1, 1 / 3, 1e9 + 0.1])
@pytest.mark.parametrize("rows", [1, 3, 7, 200_000])
def test_a_constant_truth_has_no_r2(constant: float, rows: int) -> None:
    assert "r2" not in values((np.full(rows, constant), np.linspace(0, 1, rows)))


def test_samples_of_one_row_repeated_are_left_out() -> None:
    truth, answers = np.array([0.1, 0.2, 0.7]), np.array([0.15, 0.3, 0.4])
    metrics = measure_regression(truth, answers, resamples=500).metrics
    assert metrics["r2"].low > -100


def test_equal_rows_alone_correlate_with_nothing() -> None:
    truth, answers = np.random.default_rng(0).normal(size=(2, 49)).repeat(7, axis=1)
    found = _correlations(truth, answers)(49 * np.eye(49).repeat(7, axis=1))
    assert np.isnan([*found["pearson"], *found["spearman"]]).all()


@QUICK
@given(scored(), st.integers(-8, 4))
def test_distance_from_zero_does_not_matter(pair: Pair, power: int) -> None:
    offset = float(2 ** (2 * power))
    moved = pair[0] + offset, pair[1] + offset
    found, expected = values(moved), values(pair)
    expected.pop("quadratic_kappa", None)
    found.pop("quadratic_kappa", None)
    assert found == pytest.approx(expected, rel=1e-5, abs=1e-5)


@QUICK
@given(scored(whole=True), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(pair: Pair, random: Any) -> None:
    order = random.sample(range(len(pair[0])), len(pair[0]))
    found = values((pair[0][order], pair[1][order]))
    assert found == pytest.approx(values(pair), rel=CLOSE, abs=CLOSE)


@QUICK
@given(scored(whole=True))
def test_the_truth_itself_is_perfect(pair: Pair) -> None:
    truth = np.r_[pair[0], 0, 1]
    found = values((truth, truth))
    zero = ("mse", "rmse", "mae")
    assert found == pytest.approx({k: 0 if k in zero else 1 for k in REGRESSION}, abs=CLOSE)


@QUICK
@given(scored(whole=True))
def test_whatever_the_rows_everything_is_finite_and_within_bounds(pair: Pair) -> None:
    measures = measure_regression(*pair, resamples=20)
    assert_sound(measures)
    for name, found in measures.metrics.items():
        assert found.low >= (-1 if name in ("pearson", "spearman", "quadratic_kappa") else -1e6)
        assert found.low >= 0 or name not in ("mse", "rmse", "mae")
        assert found.high <= 1 or name in ("mse", "rmse", "mae")


def test_gain_is_over_answering_the_mean() -> None:
    truth = np.array([1.0, 2.0, 3.0, 6.0])
    gains = measure_regression(truth, truth, resamples=50).gains
    assert gains["mse"].value == pytest.approx(truth.var())
    assert gains["mae"].value == pytest.approx(np.abs(truth - 3).mean())
    assert gains["r2"].value == pytest.approx(1)


def test_lengths_must_match() -> None:
    with pytest.raises(ValueError, match="2 answers, but 3 predictions"):
        values((np.zeros(2), np.zeros(3)))


def test_no_rows_are_refused() -> None:
    with pytest.raises(DataError, match="no rows"):
        values((np.array([]), np.array([])))


def test_answers_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(ModelError, match="1 of 2 rows"):
        values((np.zeros(2), np.array([0.0, np.inf])))
