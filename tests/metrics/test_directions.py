"""Which way metrics are better."""

from __future__ import annotations

import pytest

from luthier.core.errors import RecipeError
from luthier.metrics import (
    CLASSIFICATION,
    ENTITIES,
    MULTILABEL,
    REGRESSION,
    higher_is_better,
    reaches,
)
from luthier.metrics.directions import LESS, MORE

ERRORS = {"log_loss", "brier", "ece", "hamming_loss", "mse", "rmse", "mae"}


@pytest.mark.parametrize("name", sorted({*CLASSIFICATION, *ENTITIES, *MULTILABEL, *REGRESSION}))
def test_less_is_better_of_errors_alone(name: str) -> None:
    assert higher_is_better(name) == (name not in ERRORS)


def test_no_metric_is_better_both_ways() -> None:
    assert not MORE & LESS


def test_an_unknown_metric_is_refused_with_the_nearest() -> None:
    with pytest.raises(RecipeError, match=r"'acuracy'.*\n.*'accuracy'"):
        higher_is_better("acuracy")


def test_a_metric_like_no_other_is_refused_without_a_guess() -> None:
    with pytest.raises(RecipeError) as caught:
        higher_is_better("zzzzzzzzzzzz")
    assert caught.value.hint is None


@pytest.mark.parametrize(
    ("metric", "value", "reached"),
    [
        ("accuracy", 0.9, True), ("accuracy", 0.8, True), ("accuracy", 0.7, False),
        ("mae", 0.9, False), ("mae", 0.8, True), ("mae", 0.7, True),
    ],
)  # fmt: skip
def test_a_target_is_reached_from_its_better_side(metric: str, value: float, reached: bool) -> None:
    assert reaches(metric, value, 0.8) is reached
