"""The contract of an optimizer: how gradients become changes of the weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from luthier.core.config import Config
from luthier.core.errors import SetupError

if TYPE_CHECKING:
    import torch
    from torch import nn

Group = dict[str, Any]
"""A parameter group as torch has it: ``params``, ``weight_decay``, and for :func:`set_pace` its
``multipliers``; beside them the ``part`` that :meth:`UpdateRule.part` gave its parameters."""

Decay = Annotated[float, Field(ge=0, lt=1)]
"""Of a running mean: the share of the old value that stays at each step."""


class UpdateRule(Config):
    """What a recipe says of the optimizer.

    The learning rate comes from the schedule, the weight decay from ``training.weight_decay``.
    """

    schedule: ClassVar[dict[str, Any]] = {"kind": "linear", "warmup": 0.1}
    """The schedule where the recipe names none."""

    kind: str

    def part(self, parameter: nn.Parameter, *, inner: bool) -> str:
        """Which parameters are to be in groups of their own: those of equal answers together.

        Args:
            parameter: One that trains.
            inner: Whether it belongs to the base and is no embedding.
        """
        return ""

    def build(self, groups: Sequence[Group], rate: float) -> torch.optim.Optimizer:
        """The optimizer, in torch's form, with exactly these groups in ``param_groups``.

        All that it changes is in its ``state`` by parameter, as tensors or numbers, and in numbers
        of its groups: that is what a checkpoint keeps.

        Raises:
            SetupError: If a package is missing that it needs.
        """
        raise NotImplementedError

    @contextmanager
    def measuring(self, optimizer: torch.optim.Optimizer) -> Iterator[None]:
        """While it is open the parameters are those that are to be measured and kept."""
        yield


class AdamRule(UpdateRule):
    """An optimizer with Adam's running means."""

    beta1: Decay = 0.9
    """Decay of the mean gradient."""
    beta2: Decay = 0.999
    """Decay of the mean square."""
    epsilon: Annotated[float, Field(gt=0)] = 1e-8
    """Added to the denominator."""


def missing(package: str) -> SetupError:
    """What to raise where the package of an optimizer is not installed."""
    return SetupError(
        "This optimizer needs the package {package}, which is not installed.",
        hint="Install it: pip install 'luthier[optimizers]'",
        where="training.optimizer",
        package=package,
    )
