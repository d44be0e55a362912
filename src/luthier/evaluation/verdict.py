"""Whether a model is good enough: against its target, and against answering without a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from luthier.core.errors import RecipeError
from luthier.core.locale import LANGUAGES, translate
from luthier.core.names import nearest
from luthier.metrics import Measures, higher_is_better, reaches

Certainty = Literal["surely", "likely", "no"]


@dataclass(frozen=True)
class TargetCheck:
    """One target and what was measured against it."""

    metric: str
    target: float
    value: float | None
    """None where the rows leave the metric undefined; so are ``low`` and ``high``."""
    low: float | None
    high: float | None
    reached: Certainty
    """``surely``: the whole interval reaches it; ``likely``: the value does."""


@dataclass(frozen=True)
class Verdict:
    """The answer to "is it good enough?"."""

    passed: bool | None
    """Whether every target is reached; None where the recipe sets none."""
    targets: list[TargetCheck]
    headline: str
    """The metric that speaks for the model."""
    value: float
    baseline: dict[str, float] = field(default_factory=dict)
    """The headline metric of answering without a model: ``value`` (majority or mean)."""
    beats_baseline: bool = True
    """Whether the headline metric is better than the baseline beyond doubt."""

    def sentence(self, language: str) -> str:
        """The verdict in words."""
        parts = [_words(check, language) for check in self.targets]
        if not parts:
            parts.append(
                translate(
                    "Measured {metric} {value:.3f}; the recipe sets no target.",
                    language, metric=self.headline, value=self.value,
                )
            )  # fmt: skip
        base = self.baseline.get("value")
        if base is not None:
            text = (
                "Answering without a model would give {base:.3f}."
                if self.beats_baseline
                else "That is not surely better than answering without a model ({base:.3f})."
            )
            parts.append(translate(text, language, base=base))
        joiner = "" if language == "zh" else " "
        return joiner.join(parts)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, with the sentence in every language."""
        return {**asdict(self), "sentences": {code: self.sentence(code) for code in LANGUAGES}}


def judge(
    measures: Measures, baseline: Measures, target: Mapping[str, float], headline: str
) -> Verdict:
    """The verdict on measured metrics.

    Args:
        measures: Of the model on test rows.
        baseline: Of the best constant answer on the same rows.
        target: Metric to the value that it must reach.
        headline: The metric that speaks for the model where there is no target.

    """
    checks = [_check(measures, metric, float(value)) for metric, value in target.items()]
    headline = next((check.metric for check in checks if check.value is not None), headline)
    estimate = measures.metrics[headline]
    without = baseline.metrics.get(headline)
    base = None if without is None else without.value
    return Verdict(
        passed=all(check.reached != "no" for check in checks) if checks else None,
        targets=checks,
        headline=headline,
        value=estimate.value,
        baseline={} if base is None else {"value": base},
        beats_baseline=base is None or _beats(measures, headline, base),
    )


def _beats(measures: Measures, metric: str, base: float) -> bool:
    """Whether the whole interval is better than the baseline, paired by row where measured so."""
    gain = measures.gains.get(metric)
    if gain is not None:
        return gain.low > 0
    estimate = measures.metrics[metric]
    worst = estimate.low if higher_is_better(metric) else estimate.high
    return worst != base and reaches(metric, worst, base)


def check_metric(name: str, known: Mapping[str, object]) -> None:
    """Refuse a metric that the task does not measure.

    Raises:
        RecipeError: With the nearest name.
    """
    if name not in known:
        near = nearest(name, known)
        raise RecipeError(
            "The task does not measure '{name}'.",
            hint="Did you mean '{near}'?" if near else "It measures: {known}.",
            where="evaluation",
            name=name,
            near=near,
            known=", ".join(known),
        )


def _check(measures: Measures, metric: str, target: float) -> TargetCheck:
    estimate = measures.metrics.get(metric)
    if estimate is None:
        return TargetCheck(metric, target, None, None, None, "no")
    worst = estimate.low if higher_is_better(metric) else estimate.high
    reached: Certainty = "no"
    if reaches(metric, estimate.value, target):
        reached = "surely" if reaches(metric, worst, target) else "likely"
    return TargetCheck(metric, target, estimate.value, estimate.low, estimate.high, reached)


def _words(check: TargetCheck, language: str) -> str:
    texts = {
        "surely": "Target reached: {metric} is {value:.3f} (interval {low:.3f} to {high:.3f}), "
        "the target {target}.",
        "likely": "Target reached, but not beyond doubt: {metric} is {value:.3f} (interval "
        "{low:.3f} to {high:.3f}), the target {target}.",
        "no": "Target missed: {metric} is {value:.3f} (interval {low:.3f} to {high:.3f}), "
        "the target {target}.",
    }
    if check.value is None:
        text = "Target missed: {metric} is undefined on these test rows, the target {target}."
        return translate(text, language, metric=check.metric, target=check.target)
    fields = {key: value for key, value in asdict(check).items() if key != "reached"}
    return translate(texts[check.reached], language, **fields)
