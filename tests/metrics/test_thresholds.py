"""Thresholds: fitted on rows, never worse on them than one half."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from luthier.metrics import thresholds
from luthier.metrics.thresholds import HIGHEST, LOWEST, fit_thresholds


@st.composite
def rows(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Truth and probabilities of a few labels; many probabilities are equal or at the ends."""
    shape = draw(st.integers(1, 30)), draw(st.integers(1, 3))
    coarse = st.sampled_from([0.0, 0.05, 0.3, 0.4999, 0.5, 0.51, 0.7, 0.95, 1.0])
    scores = draw(arrays.arrays(np.float64, shape, elements=coarse | st.floats(0, 1)))
    return draw(arrays.arrays(np.int64, shape, elements=st.integers(0, 1))), scores


def f1(truth: np.ndarray, scores: np.ndarray, threshold: float) -> float:
    given = scores >= threshold
    either = given.sum() + truth.sum()
    return float(2 * (given & (truth == 1)).sum() / either) if either else 0.0


@settings(max_examples=100, deadline=None)
@given(rows())
def test_never_worse_than_one_half(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    truth, scores = drawn
    fitted = fit_thresholds(truth, scores)
    assert len(fitted) == truth.shape[1]
    for label, threshold in enumerate(fitted):
        assert LOWEST <= threshold <= HIGHEST
        one, other = (f1(truth[:, label], scores[:, label], t) for t in (threshold, 0.5))
        assert one >= other - 1e-12
        assert one > other or threshold == 0.5


@settings(max_examples=60, deadline=None)
@given(rows())
def test_without_the_prior_it_is_the_best(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    truth, scores = drawn[0][:, :1], drawn[1][:, :1]
    if not truth.any():
        assert fit_thresholds(truth, scores) == [0.5]
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(thresholds, "PRIOR", 0)
        (fitted,) = fit_thresholds(truth, scores)
    inside = [t for t in np.unique(scores) if LOWEST <= t <= HIGHEST]
    tried = [LOWEST, HIGHEST, 0.5, *inside]
    best = max(f1(truth[:, 0], scores[:, 0], t) for t in tried)
    assert f1(truth[:, 0], scores[:, 0], fitted) == pytest.approx(best, abs=1e-12)


def test_few_rows_move_it_less() -> None:
    """Right answers lie above 0.2: three of them draw it half way, thirty nearly there."""
    moved = []
    for count in (3, 30):
        scores = np.r_[np.full(count, 0.3), np.full(count, 0.1)][:, None]
        truth = (scores > 0.2).astype(int)
        moved.append(fit_thresholds(truth, scores)[0])
    assert moved[0] == 0.5
    assert moved[1] == pytest.approx(0.5 + (0.2 - 0.5) * 30 / 33)
