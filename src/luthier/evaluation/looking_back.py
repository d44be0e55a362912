"""What the course of training shows: over-fitting, an early end, rates that were cut."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from luthier.data.finding import Finding
from luthier.train.loop import LOSS

KIND = "training"
"""Who found it."""

RISE = 1.05
"""The last validation loss over the lowest from which on it counts as risen."""
GAP = 2.0
"""The validation loss over the training loss from which on the model knows its rows too well."""
STILL_FALLING = 0.95
"""The last validation loss over the one before up to which more training would help."""

LITTLE_DROPOUT = 0.2
LITTLE_DECAY = 0.1
SMOOTHED = ("classify", "image")
"""Tasks that have ``label_smoothing``."""

Report = dict[str, Any]


class At(NamedTuple):
    """The losses around an evaluation."""

    step: int
    train: float
    """Mean over the steps since the evaluation before."""
    validation: float


def look_back(report: Report) -> list[dict[str, Any]]:
    """Findings about how training went, most harmful first.

    Args:
        report: With ``history``, ``evaluations``, ``training``, ``settings`` and ``task``.
    """
    found = [*_overfitting(report), *_cut_short(report), *_stopped(report), *_reacted(report)]
    return [finding.to_json() for finding in sorted(found, key=lambda finding: -finding.harm)]


def course(report: Report) -> list[At]:
    """Both losses at each evaluation that has them.

    The validation loss is the task's own, measured as in training.
    """
    found, start = [], 0
    for evaluation in report["evaluations"]:
        step, loss = evaluation["step"], evaluation["metrics"].get(LOSS)
        train = [h["loss"] for h in report["history"] if start < h["step"] <= step]
        start = step
        if train and loss is not None:
            found.append(At(step, statistics.fmean(train), loss))
    return found


def _overfitting(report: Report) -> Iterator[Finding]:
    """The validation loss rises while the training loss falls, or stays far above it."""
    losses = course(report)
    if len(losses) < 3:
        return
    lowest = min(losses, key=lambda at: at.validation)
    last = losses[-1]
    if last.validation > RISE * lowest.validation and last.train < lowest.train:
        yield Finding(
            "Over-fitting: after step {step} the loss on validation rows rose from {low:.3f} to "
            "{last:.3f} while that on training rows fell from {before:.3f} to {after:.3f}. The "
            "model learns its rows by heart.",
            KIND, 0.6, _remedy(report),
            fields={
                "step": lowest.step, "low": lowest.validation, "last": last.validation,
                "before": lowest.train, "after": last.train,
            },
        )  # fmt: skip
    elif last.validation > GAP * last.train:
        yield Finding(
            "Over-fitting begins: at the end the loss is {after:.3f} on training rows and "
            "{last:.3f} on validation rows. More rows, or more regularisation, would help.",
            KIND, 0.4, _remedy(report),
            fields={"after": last.train, "last": last.validation},
        )  # fmt: skip


def _remedy(report: Report) -> str:
    """The first line that the recipe does not say yet, of those that usually help."""
    settings, task = report["settings"], report["task"]
    if settings["early_stopping"] is None:
        return "training.early_stopping.patience=2"
    if task["kind"] == "image" and task["augment"] in ("none", "light"):
        return "task.augment=standard"
    if task["kind"] != "image" and (settings["dropout"] or 0.0) < LITTLE_DROPOUT:
        return f"training.dropout={LITTLE_DROPOUT}"
    if task["kind"] in SMOOTHED and not task["label_smoothing"]:
        return "task.label_smoothing=0.1"
    if settings["weight_decay"] < LITTLE_DECAY:
        return f"training.weight_decay={LITTLE_DECAY}"
    return ""


def _cut_short(report: Report) -> Iterator[Finding]:
    """Validation was still improving when the planned steps were over."""
    losses = course(report)
    if len(losses) < 3 or report["training"]["stopped"]:
        return
    before, last = losses[-2:]
    lowest = min(at.validation for at in losses)
    if last.validation == lowest <= STILL_FALLING * before.validation:
        settings = report["settings"]
        longer = 2 * (settings["max_steps"] or settings["epochs"])
        key = "max_steps" if settings["max_steps"] else "epochs"
        yield Finding(
            "Training ended while the loss on validation rows was still falling, from {before:.3f} "
            "to {last:.3f} at the last evaluation: train for longer.",
            KIND, 0.3, f"training.{key}={longer:g}",
            fields={"before": before.validation, "last": last.validation},
        )  # fmt: skip


def _stopped(report: Report) -> Iterator[Finding]:
    training = report["training"]
    if training["stopped"]:
        yield Finding(
            "Training stopped early, at step {step} of {planned}: {metric} on validation rows had "
            "not improved for {patience} evaluations. The weights of step {best}, the best, are "
            "back.",
            KIND, 0.0,
            fields={
                "step": training["steps"], "planned": training["planned"],
                "metric": report["metric"], "best": training["best_step"],
                "patience": report["settings"]["early_stopping"]["patience"],
            },
        )  # fmt: skip


def _reacted(report: Report) -> Iterator[Finding]:
    """What the schedule and the batches did in answer to how training went."""
    history = report["history"]
    cuts = cut_steps(history)
    if cuts:
        yield Finding(
            "The schedule cut the learning rate {count} times in answer to how training went, "
            "first after step {first}; to {least:.3g} of its plan at the least.",
            KIND, 0.0,
            fields={
                "count": len(cuts), "first": cuts[0],
                "least": min(step["reaction"] for step in history),
            },
        )  # fmt: skip
    grown = [step for step in history if step["grown"] > 1]
    if grown:
        yield Finding(
            "Validation stood still, so batches grew from step {first} on, to {most} times their "
            "size.",
            KIND, 0.0,
            fields={"first": grown[0]["step"], "most": max(step["grown"] for step in grown)},
        )  # fmt: skip


def cut_steps(history: Sequence[dict[str, Any]]) -> list[int]:
    """The steps after which the schedule cut the rate because of how training went."""
    return [
        earlier["step"]
        for earlier, later in pairwise(history)
        if later["reaction"] < earlier["reaction"]
    ]
