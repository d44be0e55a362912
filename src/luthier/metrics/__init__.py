"""Measurement in plain numpy: metrics, intervals, calibration, paired tests."""

from __future__ import annotations

from luthier.metrics.answers import (
    EXTRACTION,
    UNANSWERABLE,
    Asked,
    constant_answer,
    fit_no_answer,
    measure_answers,
    score_answer,
)
from luthier.metrics.classification import CLASSIFICATION, measure_classification
from luthier.metrics.dependencies import (
    DEPENDENCIES,
    Tree,
    best_chain,
    measure_dependencies,
)
from luthier.metrics.directions import higher_is_better, reaches, scale
from luthier.metrics.entities import (
    ENTITIES,
    TAGS,
    Mention,
    Tagged,
    constant_tag,
    measure_entities,
    measure_tags,
    mentions,
)
from luthier.metrics.language import LANGUAGE, measure_language
from luthier.metrics.measures import Difference, Estimate, Measures
from luthier.metrics.multilabel import MULTILABEL, measure_multilabel
from luthier.metrics.neighbours import NEIGHBOURS, measure_neighbours, nearest_others
from luthier.metrics.paired import mcnemar, paired_classification, paired_difference
from luthier.metrics.regression import REGRESSION, measure_regression
from luthier.metrics.rouge import ROUGE
from luthier.metrics.stages import Forgetting, forgetting
from luthier.metrics.thresholds import fit_thresholds
from luthier.metrics.writing import (
    LIKELIHOOD,
    WRITING,
    Wanted,
    Written,
    measure_plain,
    measure_writing,
    quality,
)

__all__ = [
    "CLASSIFICATION",
    "DEPENDENCIES",
    "ENTITIES",
    "EXTRACTION",
    "LANGUAGE",
    "LIKELIHOOD",
    "MULTILABEL",
    "NEIGHBOURS",
    "REGRESSION",
    "ROUGE",
    "TAGS",
    "UNANSWERABLE",
    "WRITING",
    "Asked",
    "Difference",
    "Estimate",
    "Forgetting",
    "Measures",
    "Mention",
    "Tagged",
    "Tree",
    "Wanted",
    "Written",
    "best_chain",
    "constant_answer",
    "constant_tag",
    "fit_no_answer",
    "fit_thresholds",
    "forgetting",
    "higher_is_better",
    "mcnemar",
    "measure_answers",
    "measure_classification",
    "measure_dependencies",
    "measure_entities",
    "measure_language",
    "measure_multilabel",
    "measure_neighbours",
    "measure_plain",
    "measure_regression",
    "measure_tags",
    "measure_writing",
    "mentions",
    "nearest_others",
    "paired_classification",
    "paired_difference",
    "quality",
    "reaches",
    "scale",
    "score_answer",
]
