"""Bootstrap intervals cover, shrink, repeat, and never break."""

from __future__ import annotations

from collections.abc import Callable
from math import erf, pi, sqrt

import numpy as np
import pytest
from scipy.stats import ks_2samp
from sklearn import metrics as sk
from tests.metrics.draws import assert_sound, every_number, names

from luthier.metrics import Measures, measure_classification, measure_multilabel, measure_regression
from luthier.metrics import intervals as module
from luthier.metrics.classification import confusion_matrix, count, from_counts
from luthier.metrics.intervals import (
    affordable,
    difference,
    estimate,
    estimates,
    gains,
    over,
    samples_of_counts,
    samples_of_rows,
)
from luthier.metrics.measures import Estimate
from luthier.metrics.regression import _correlations

REPETITIONS = 300

Random = np.random.Generator


def right_or_wrong(random: Random) -> Estimate:
    """Accuracy where 70% of rows are right."""
    truth = random.integers(0, 2, 80)
    answers = np.where(random.random(80) < 0.7, truth, 1 - truth)
    return measure_classification(truth, np.eye(2)[answers], names(2), resamples=200).metrics[
        "accuracy"
    ]


def separated(random: Random) -> Estimate:
    """ROC AUC of normal scores one deviation apart."""
    truth = np.arange(80) % 2
    share = 1 / (1 + np.exp(-(random.normal(size=80) + truth)))
    probabilities = np.c_[1 - share, share]
    return measure_classification(truth, probabilities, names(2), resamples=200).metrics["roc_auc"]


def distance(random: Random) -> Estimate:
    """Mean absolute value of normal errors."""
    truth = random.normal(size=80)
    answers = truth + random.normal(size=80)
    return measure_regression(truth, answers, resamples=200).metrics["mae"]


COVERED = [
    (right_or_wrong, 0.7),
    (separated, 0.5 * (1 + erf(1 / 2))),
    (distance, sqrt(2 / pi)),
]


@pytest.mark.parametrize(("simulate", "truth"), COVERED)
def test_intervals_cover_the_truth_as_often_as_they_say(
    simulate: Callable[[Random], Estimate], truth: float
) -> None:
    found = [simulate(np.random.default_rng(i)) for i in range(REPETITIONS)]
    covered = np.mean([one.low <= truth <= one.high for one in found])
    assert 0.90 <= covered <= 0.985


def test_a_lower_level_covers_less_often() -> None:
    random, covered = np.random.default_rng(0), []
    for i in range(REPETITIONS):
        values = random.normal(size=60)
        drawn = np.concatenate([block @ values for block in samples_of_rows(60, 200, i)]) / 60
        found = estimate(drawn, 0.8)
        covered.append(found.low <= 0 <= found.high)
    assert 0.72 <= np.mean(covered) <= 0.87


def test_a_difference_is_found_by_chance_as_often_as_its_p_says() -> None:
    random, small = np.random.default_rng(0), []
    for i in range(REPETITIONS):
        values = random.normal(size=60)
        drawn = np.concatenate([block @ values for block in samples_of_rows(60, 200, i)]) / 60
        small.append(difference(drawn, 0.95).p <= 0.1)
    assert 0.05 <= np.mean(small) <= 0.17


def task(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Three classes, the true one the likeliest."""
    random = np.random.default_rng(seed)
    truth = random.choice(3, n, p=[0.6, 0.3, 0.1])
    shares = random.dirichlet(np.ones(3), n) + 0.4 * np.eye(3)[truth]
    return truth, shares / shares.sum(1, keepdims=True)


def measured(n: int, resamples: int = 400, **settings: float) -> Measures:
    return measure_classification(*task(n), names(3), resamples=resamples, **settings)


def test_counts_drawn_from_cells_are_those_of_rows_drawn() -> None:
    truth, probabilities = task(120)
    answers, random = probabilities.argmax(1), np.random.default_rng(0)
    explicit = []
    for _ in range(500):
        rows = random.integers(0, 120, 120)
        f1 = sk.f1_score(truth[rows], answers[rows], average="macro")
        explicit.append((f1, sk.matthews_corrcoef(truth[rows], answers[rows])))
    tables = samples_of_counts(confusion_matrix(truth, answers, 3), 20_000, 0)
    drawn = over(tables, lambda block: from_counts(count(block)))
    for name, slow in zip(("f1_macro", "mcc"), np.array(explicit).T, strict=True):
        fast = drawn[name][1:]
        assert fast.std() == pytest.approx(slow.std(), rel=0.1)
        assert ks_2samp(fast, slow).pvalue > 0.001


def test_cells_vary_as_multinomial_counts_do() -> None:
    table = np.array([[40, 10, 0], [5, 25, 20]])
    cells = np.concatenate(list(samples_of_counts(table, 20_000, 0))[1:]).reshape(-1, 6)
    shares = table.ravel() / 100
    covariance = 100 * (np.diag(shares) - np.outer(shares, shares))
    assert cells.mean(0) == pytest.approx(table.ravel(), abs=0.2)
    assert np.abs(np.cov(cells.T) - covariance).max() < 0.8


def test_weighted_rows_are_rows_drawn() -> None:
    truth = np.random.default_rng(1).normal(size=100)
    answers = truth + np.random.default_rng(2).normal(size=100)
    found = over(samples_of_rows(100, 4000, 0), _correlations(truth, answers))["pearson"][1:]
    random, explicit = np.random.default_rng(3), []
    for _ in range(2000):
        rows = random.integers(0, 100, 100)
        explicit.append(np.corrcoef(truth[rows], answers[rows])[0, 1])
    assert found.std() == pytest.approx(np.std(explicit), rel=0.1)
    assert ks_2samp(found, explicit).pvalue > 0.001


def test_the_first_sample_is_the_data() -> None:
    table = np.array([[5, 1], [2, 4]])
    assert (next(samples_of_rows(7, 3, 0)) == 1).all()
    assert (next(samples_of_counts(table, 3, 0)) == table).all()


@pytest.mark.parametrize("block", [1, 50, 2_000_000])
def test_samples_have_the_size_of_the_data_in_blocks_of_any_size(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BLOCK", block)
    table = np.array([[5, 1], [0, 4]])
    rows = np.concatenate(list(samples_of_rows(10, 37, 0)))
    tables = np.concatenate(list(samples_of_counts(table, 37, 0)))
    assert rows.shape == (38, 10)
    assert tables.shape == (38, 2, 2)
    assert (rows.sum(1) == 10).all()
    assert (tables.sum((1, 2)) == 10).all()
    assert (tables[:, 1, 0] == 0).all()


def test_each_row_is_drawn_once_on_average() -> None:
    weights = np.concatenate(list(samples_of_rows(20, 4000, 0))[1:])
    assert weights.mean(0) == pytest.approx(np.ones(20), abs=0.1)
    assert weights.var(0) == pytest.approx(np.full(20, 0.95), abs=0.15)


def test_no_block_of_samples_outgrows_memory() -> None:
    assert all(block.size <= 2_000_000 for block in samples_of_rows(30_000, 200, 0))


def test_the_same_seed_gives_the_same_intervals() -> None:
    assert measured(60).to_json() == measured(60).to_json()


def test_another_seed_gives_other_intervals_of_the_same_values() -> None:
    one, other = measured(60, seed=1), measured(60, seed=2)
    assert one.values() == other.values()
    assert one.metrics["f1_macro"] != other.metrics["f1_macro"]


def test_every_interval_holds_its_value() -> None:
    measures = measured(25)
    assert_sound(measures)
    for row in measures.per_class:
        assert row["f1"]["low"] <= row["f1"]["value"] <= row["f1"]["high"]


def test_percentiles_beside_the_value_are_stretched_to_it() -> None:
    assert estimate(np.array([0.9, 0.1, 0.2]), 0.95).high == 0.9
    assert estimate(np.array([0.0, 0.1, 0.2]), 0.95).low == 0.0


def test_an_interval_is_between_the_percentiles() -> None:
    drawn = np.r_[0.5, np.linspace(0, 1, 101)]
    found = estimate(drawn, 0.9)
    assert (found.value, found.low, found.high) == pytest.approx((0.5, 0.05, 0.95))


def test_four_times_the_rows_halve_the_width() -> None:
    few, many = measured(200).metrics, measured(800).metrics
    for name in ("accuracy", "log_loss", "roc_auc", "f1_macro"):
        ratio = (few[name].high - few[name].low) / (many[name].high - many[name].low)
        assert 1.4 <= ratio <= 2.9


def test_a_higher_level_is_wider() -> None:
    wide, narrow = measured(60, confidence=0.99).metrics, measured(60, confidence=0.5).metrics
    for name, found in wide.items():
        assert found.low < narrow[name].low <= narrow[name].high < found.high


def test_without_resamples_the_interval_is_the_value_and_nothing_is_gained() -> None:
    measures = measured(60, resamples=0)
    assert all(found.low == found.value == found.high for found in measures.metrics.values())
    assert measures.gains == {}


@pytest.mark.parametrize("rows", [1, 2, 3])
@pytest.mark.parametrize("answer", [0, 1])
def test_one_class_alone_breaks_nothing(rows: int, answer: int) -> None:
    probabilities = np.eye(3)[np.full(rows, answer)]
    assert_sound(measure_classification(np.zeros(rows, int), probabilities, names(3)))


@pytest.mark.parametrize("truth", [0, 1])
@pytest.mark.parametrize("given", [0.0, 1.0])
def test_labels_that_all_or_no_rows_have_break_nothing(truth: int, given: float) -> None:
    assert_sound(measure_multilabel(np.full((3, 2), truth), np.full((3, 2), given), names(2)))


@pytest.mark.parametrize("truth", [[0.1], [0.1] * 3, [0.1, 0.1, 0.7], [1.0, 2.0]])
@pytest.mark.parametrize("answer", [0.1, 0.3])
def test_constant_answers_break_nothing(truth: list[float], answer: float) -> None:
    measures = measure_regression(np.array(truth), np.full(len(truth), answer))
    assert_sound(measures)
    assert max(map(abs, every_number(measures.to_json()["metrics"]))) < 1e3


def test_a_rare_positive_leaves_the_interval_of_the_ranking_finite() -> None:
    truth = np.arange(12) == 0
    measures = measure_classification(truth.astype(int), task(12)[1][:, :2], names(2))
    assert 0 <= measures.metrics["roc_auc"].low <= measures.metrics["roc_auc"].high <= 1


def test_undefined_samples_are_left_out() -> None:
    drawn = np.array([0.5, np.nan, 0.2, 0.8, np.nan])
    assert estimate(drawn, 1.0) == Estimate(0.5, 0.2, 0.8)


def test_what_the_data_leave_undefined_is_absent() -> None:
    drawn = {"known": np.array([0.5, 0.4]), "unknown": np.array([np.nan, 0.4])}
    assert list(estimates(drawn, 0.95)) == ["known"]


@pytest.mark.parametrize(
    ("rest", "p"),
    [([1, 2, 3], 2 / 4), ([-1, 2, 3], 1.0), ([0, 0, 0], 1.0), ([], 1.0), ([1] * 99, 0.02)],
)
def test_p_is_twice_the_tail_beyond_zero_with_the_data_counted(rest: list[int], p: float) -> None:
    assert difference(np.array([1.0, *rest]), 0.95).p == pytest.approx(p)


def test_gains_are_positive_where_better() -> None:
    drawn = {"accuracy": np.array([0.8, 0.7]), "mse": np.array([1.0, 2.0])}
    constant = {"accuracy": np.array([0.5, 0.5]), "mse": np.array([3.0, 3.0])}
    found = gains(drawn, constant, 0.95)
    assert (found["accuracy"].value, found["mse"].value) == pytest.approx((0.3, 2.0))


def test_only_what_both_measure_is_gained() -> None:
    both = {"accuracy": np.array([0.8, 0.7])}
    assert list(gains(both | {"ece": np.array([0.1, 0.1])}, both, 0.95)) == ["accuracy"]


@pytest.mark.parametrize(
    ("resamples", "numbers", "expected"),
    [(1000, 1, 1000), (1000, 1_000_000, 400), (1000, 10**9, 200), (50, 10**9, 50), (10, 0, 10)],
)
def test_large_tables_are_resampled_less_often(resamples: int, numbers: int, expected: int) -> None:
    assert affordable(resamples, numbers) == expected
