"""Measurement in plain numpy: metrics, intervals, calibration."""

from __future__ import annotations

from luthier.metrics.classification import CLASSIFICATION, measure_classification
from luthier.metrics.directions import higher_is_better, reaches
from luthier.metrics.measures import Estimate, Measures
from luthier.metrics.multilabel import MULTILABEL, measure_multilabel
from luthier.metrics.regression import REGRESSION, measure_regression

__all__ = [
    "CLASSIFICATION",
    "MULTILABEL",
    "REGRESSION",
    "Estimate",
    "Measures",
    "higher_is_better",
    "measure_classification",
    "measure_multilabel",
    "measure_regression",
    "reaches",
]
