"""Generated truths and answers, small and full of ties, and plain ways to read results."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from luthier.metrics.measures import Measures

QUICK = settings(max_examples=60, deadline=None)
CLOSE = 1e-9

Case = tuple[NDArray[np.int64], NDArray[np.float64]]


def _grid(rows: int, columns: int, top: int) -> st.SearchStrategy[NDArray[np.int64]]:
    """Tables of small whole numbers."""
    row = st.lists(st.integers(0, top), min_size=columns, max_size=columns)
    return st.lists(row, min_size=rows, max_size=rows).map(np.array)


@st.composite
def classified(draw: st.DrawFn, least: int = 2, most: int = 5) -> Case:
    """Classes, some perhaps absent, and probabilities of few values, so that they tie."""
    classes, rows = draw(st.integers(least, most)), draw(st.integers(1, 30))
    truth = draw(st.lists(st.integers(0, classes - 1), min_size=rows, max_size=rows))
    shares = draw(_grid(rows, classes, 4)).astype(np.float64)
    shares[shares.sum(1) == 0] = 1
    return np.array(truth), shares / shares.sum(1, keepdims=True)


@st.composite
def labelled(draw: st.DrawFn) -> Case:
    """0/1 labels and probabilities in eighths."""
    labels, rows = draw(st.integers(1, 4)), draw(st.integers(1, 25))
    return draw(_grid(rows, labels, 1)), draw(_grid(rows, labels, 8)) / 8


@st.composite
def scored(draw: st.DrawFn, whole: bool = False) -> tuple[NDArray[Any], NDArray[Any]]:
    """True scores and answers, in tenths unless ``whole``; constants are likely."""
    rows = draw(st.integers(1, 30))
    values = st.integers(-20, 20) | st.just(1)
    table = np.array(draw(st.lists(st.tuples(values, values), min_size=rows, max_size=rows)))
    if draw(st.booleans()):
        table[:, draw(st.integers(0, 1))] = 1
    truth = table[:, 0] / (1 if whole else 10)
    return truth.astype(np.float64), table[:, 1] / 10


def names(count: int) -> list[str]:
    """Class names."""
    return [f"class {i}" for i in range(count)]


def every_number(data: Any) -> list[float]:
    """All numbers of a JSON value."""
    if isinstance(data, dict):
        return [number for value in data.values() for number in every_number(value)]
    if isinstance(data, list):
        return [number for value in data for number in every_number(value)]
    return [] if isinstance(data, str) else [float(data)]


def assert_sound(measures: Measures) -> None:
    """No number is NaN or infinite, and every interval holds its value."""
    assert np.isfinite(every_number(measures.to_json())).all()
    for found in [*measures.metrics.values(), *measures.gains.values()]:
        assert found.low <= found.value <= found.high
