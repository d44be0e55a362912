"""What networks say of a batch, in a form in which two of them can be compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional

from luthier.models.kernels.cross_entropy import IGNORED, Deferred

CLOSED = -1e30
"""Logit of a choice that does not stand open; finite, so that 0 times its logarithm is 0."""


@dataclass(frozen=True)
class Opinion:
    """What a network says of several questions of one kind."""

    logits: Tensor
    """(questions, choices) fp32 for ``one``, (questions,) for the others."""
    kind: Literal["one", "each", "number"]
    """``one`` of the choices is right, ``each`` question is yes or no, or asks for a number."""


def opinions(output: Any, labels: Tensor) -> list[Opinion]:
    """The opinions in a network's ``logits`` on all that has a label.

    Args:
        output: What the network gave; its logits are (..., choices).
        labels: Whole numbers (...): the right choice, or -100 where nothing is trained. Fractions
            (..., choices): 0 or 1 for each. Fractions (...): a number, with one choice.

    Raises:
        ValueError: If the logits are of another form.
    """
    logits = getattr(output, "logits", None)
    if not isinstance(logits, Tensor):
        raise ValueError("the network gives no logits")
    logits = logits.float()
    if not labels.is_floating_point() and labels.shape == logits.shape[:-1]:
        return [Opinion(logits[labels != IGNORED], "one")]
    if labels.is_floating_point() and labels.shape == logits.shape:
        return [Opinion(logits.flatten(), "each")]
    if labels.is_floating_point() and (*labels.shape, 1) == logits.shape:
        return [Opinion(logits.flatten(), "number")]
    raise ValueError("its logits and labels do not go together")


def foretold(logits: Tensor | Deferred, labels: Tensor) -> Opinion:
    """Which token stands where one is trained; logits are computed there alone.

    Args:
        logits: (..., vocabulary), or what they are to be computed from.
        labels: (...) beside the logits that are for them.
    """
    known = labels != IGNORED
    if isinstance(logits, Deferred):
        return Opinion(replace(logits, hidden=logits.hidden[known]).logits().float(), "one")
    return Opinion(logits[known].float(), "one")


def divergence(
    student: Sequence[Opinion], teachers: Sequence[Sequence[Opinion]], temperature: float = 1.0
) -> Tensor:
    """How far the student is from the mean of the teachers, as a mean per question.

    Of choices, the Kullback-Leibler divergence of the student from the teachers' mean
    probabilities, both at a temperature, times its square (Hinton et al. 2015); of numbers the
    squared error. Several opinions count the same.

    Args:
        student: Its opinions; gradients flow into these.
        teachers: For each teacher its opinions of the same questions.
        temperature: Above 1, what is unlikely counts more.
    """
    each = [
        _apart(own, [given[index] for given in teachers], temperature)
        for index, own in enumerate(student)
    ]
    return torch.stack(each).mean()


def _apart(student: Opinion, teachers: Sequence[Opinion], temperature: float) -> Tensor:
    count = max(1, len(student.logits))
    if student.kind == "number":
        mean = torch.stack([teacher.logits for teacher in teachers]).mean(0)
        return (student.logits - mean).square().sum() / count
    own = _logarithms(student, temperature)
    p = torch.stack([_logarithms(teacher, temperature).exp() for teacher in teachers]).mean(0)
    return temperature**2 * (torch.xlogy(p, p) - p * own).sum() / count


def _logarithms(opinion: Opinion, temperature: float) -> Tensor:
    """Of the probabilities (questions, choices)."""
    logits = opinion.logits / temperature
    if opinion.kind == "one":
        return logits.log_softmax(-1)
    return torch.stack([functional.logsigmoid(logits), functional.logsigmoid(-logits)], -1)
