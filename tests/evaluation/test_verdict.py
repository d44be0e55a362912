"""Verdicts: against the target, against answering without a model, in two languages."""

from __future__ import annotations

import pytest

from luthier.core.errors import RecipeError
from luthier.evaluation.verdict import Verdict, check_metric, judge
from luthier.metrics import Estimate, Measures


def measures(**metrics: tuple[float, float, float]) -> Measures:
    return Measures(100, {name: Estimate(*values) for name, values in metrics.items()})


BASE = measures(accuracy=(0.5, 0.5, 0.5), rmse=(2.0, 2.0, 2.0))


def verdict(target: dict[str, float], **metrics: tuple[float, float, float]) -> Verdict:
    return judge(measures(**metrics), BASE, target, next(iter(metrics)))


@pytest.mark.parametrize(
    ("low", "value", "target", "reached", "passed"),
    [
        (0.91, 0.93, 0.9, "surely", True),
        (0.88, 0.93, 0.9, "likely", True),
        (0.80, 0.85, 0.9, "no", False),
        (0.90, 0.93, 0.9, "surely", True),
    ],
)
def test_target_from_below(
    low: float, value: float, target: float, reached: str, passed: bool
) -> None:
    result = verdict({"accuracy": target}, accuracy=(value, low, 0.99))
    assert (result.targets[0].reached, result.passed) == (reached, passed)


def test_errors_must_be_at_most_the_target() -> None:
    result = verdict({"rmse": 1.0}, rmse=(0.9, 0.8, 0.95))
    assert result.targets[0].reached == "surely"
    assert verdict({"rmse": 0.5}, rmse=(0.9, 0.8, 0.95)).passed is False


def test_without_target_there_is_no_pass() -> None:
    result = verdict({}, accuracy=(0.9, 0.8, 0.95))
    assert result.passed is None
    assert "sets no target" in result.sentence("en")


def test_every_target_must_be_reached() -> None:
    both = {"accuracy": 0.9, "rmse": 0.1}
    assert verdict(both, accuracy=(0.95, 0.92, 1.0), rmse=(0.9, 0.8, 1.0)).passed is False


def test_interval_that_holds_the_baseline_does_not_beat_it() -> None:
    assert not verdict({}, accuracy=(0.55, 0.48, 0.6)).beats_baseline
    assert verdict({}, accuracy=(0.55, 0.51, 0.6)).beats_baseline
    assert not verdict({}, rmse=(1.9, 1.7, 2.1)).beats_baseline


def test_undefined_metric_misses_its_target_and_another_speaks() -> None:
    result = verdict({"roc_auc": 0.9, "accuracy": 0.5}, accuracy=(0.9, 0.8, 0.95))
    assert (result.passed, result.headline) == (False, "accuracy")
    assert "undefined" in result.sentence("en")
    assert result.to_json()["targets"][0]["value"] is None


def test_sentences_are_in_both_languages() -> None:
    sentences = verdict({"accuracy": 0.9}, accuracy=(0.93, 0.91, 0.95)).to_json()["sentences"]
    assert sentences["en"].startswith("Target reached: accuracy is 0.930")
    assert "0.930" in sentences["zh"]
    assert any("\u4e00" <= character <= "\u9fff" for character in sentences["zh"])


def test_unknown_metric_offers_the_nearest() -> None:
    with pytest.raises(RecipeError, match="f1_macro"):
        check_metric("f1_marco", {"f1_macro": 1, "accuracy": 1})
