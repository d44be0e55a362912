"""What was measured survives JSON."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from tests.metrics.draws import names

from luthier.metrics import (
    CLASSIFICATION,
    MULTILABEL,
    REGRESSION,
    Measures,
    measure_classification,
    measure_multilabel,
    measure_regression,
)

TRUTH = np.array([0, 1, 1, 0, 2, 2])
LABELS = np.eye(3)[TRUTH]


def classification() -> Measures:
    return measure_classification(TRUTH, LABELS * 0.4 + 0.2, names(3), resamples=30)


def multilabel() -> Measures:
    return measure_multilabel(LABELS, LABELS * 0.4 + 0.2, names(3), resamples=30)


def regression() -> Measures:
    return measure_regression(TRUTH, TRUTH[::-1] + 0.25, resamples=30)


MADE = [(classification, CLASSIFICATION), (multilabel, MULTILABEL), (regression, REGRESSION)]


@pytest.mark.parametrize(("make", "expected"), MADE)
def test_every_metric_is_measured_in_its_order(
    make: Callable[[], Measures], expected: tuple[str, ...]
) -> None:
    assert tuple(make().metrics) == expected


@pytest.mark.parametrize(("make", "_names"), MADE)
def test_json_reads_back_as_written(make: Callable[[], Measures], _names: object) -> None:
    measures = make()
    assert Measures.from_json(json.loads(json.dumps(measures.to_json()))) == measures


def test_json_of_earlier_versions_may_lack_gains() -> None:
    data = regression().to_json()
    del data["gains"]
    assert Measures.from_json(data).gains == {}


def test_values_are_the_metrics_without_intervals() -> None:
    measures = regression()
    assert measures.values()["mae"] == measures.metrics["mae"].value
    assert set(measures.values()) == set(measures.metrics)
