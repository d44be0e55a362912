"""Measurement in plain numpy: metrics, intervals, calibration, paired tests."""

from __future__ import annotations

from luthier.metrics.classification import CLASSIFICATION, measure_classification
from luthier.metrics.directions import higher_is_better, reaches
from luthier.metrics.measures import Difference, Estimate, Measures
from luthier.metrics.multilabel import MULTILABEL, measure_multilabel
from luthier.metrics.paired import mcnemar, paired_difference
from luthier.metrics.regression import REGRESSION, measure_regression

__all__ = [
    "CLASSIFICATION",
    "MULTILABEL",
    "REGRESSION",
    "Difference",
    "Estimate",
    "Measures",
    "higher_is_better",
    "mcnemar",
    "measure_classification",
    "measure_multilabel",
    "measure_regression",
    "paired_difference",
    "reaches",
]
