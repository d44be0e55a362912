"""Nearest other rows, beside scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from luthier.core.errors import DataError
from luthier.metrics import measure_neighbours, nearest_others, neighbours


def vectors(rows: int, seed: int = 0) -> np.ndarray:
    drawn = np.random.default_rng(seed).normal(size=(rows, 5))
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


@pytest.mark.parametrize("chunk", [1, 7 * 40, 10**6])
def test_nearest_are_scikit_learns(monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(neighbours, "CHUNK", chunk)
    table = vectors(40)
    reference = NearestNeighbors(n_neighbors=2, metric="cosine").fit(table)
    distances, places = reference.kneighbors(table)
    found, cosines = nearest_others(table)
    assert found.tolist() == places[:, 1].tolist()
    np.testing.assert_allclose(cosines, 1 - distances[:, 1], atol=1e-12)


def test_accuracy_is_the_share_whose_neighbour_is_alike() -> None:
    table, classes = vectors(60), np.arange(60) % 3
    found, _ = nearest_others(table)
    measures = measure_neighbours(classes, table, ["a", "b", "c"], resamples=200)
    accuracy = measures.metrics["knn_accuracy"]
    assert accuracy.value == pytest.approx((classes[found] == classes).mean(), abs=1e-12)
    assert accuracy.low < accuracy.value < accuracy.high
    assert np.sum(measures.confusion) == 60


def test_a_single_row_is_its_own_neighbour() -> None:
    found, cosines = nearest_others(vectors(1))
    assert (found.tolist(), cosines.tolist()) == ([0], [1.0])


def test_no_rows_are_refused() -> None:
    with pytest.raises(DataError):
        measure_neighbours(np.zeros(0, dtype=int), vectors(0), ["a"])
