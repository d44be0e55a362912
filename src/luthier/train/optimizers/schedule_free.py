"""Schedule-free AdamW."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from luthier.core.lazy import lazy
from luthier.recipe.registries import OPTIMIZERS
from luthier.train.update_rule import Decay, Group, UpdateRule, missing

if TYPE_CHECKING:
    import schedulefree
    import torch
else:
    torch, schedulefree = lazy("torch"), lazy("schedulefree")


@OPTIMIZERS.register
class ScheduleFree(UpdateRule):
    """AdamW whose weights are averaged as training goes, instead of a falling rate.

    Source: Defazio et al. 2024. The averaged weights are measured and kept. Its schedule should
    be `constant` with a warm-up, which is the default here. Not for networks with batch
    normalisation, whose statistics are of other weights than the averaged ones.
    """

    schedule: ClassVar[dict[str, Any]] = {"kind": "constant", "warmup": 0.1}

    kind: Literal["schedule_free"] = "schedule_free"
    """This optimizer."""
    beta1: Annotated[float, Field(gt=0, lt=1)] = 0.9
    """How far gradients are taken from the last weights (0) to the average (1)."""
    beta2: Decay = 0.999
    """Decay of the mean square."""
    epsilon: Annotated[float, Field(gt=0)] = 1e-8
    """Added to the denominator."""

    def build(self, groups: Sequence[Group], rate: float) -> torch.optim.Optimizer:
        """That of the package `schedulefree`."""
        if find_spec("schedulefree") is None:
            raise missing("schedulefree")
        optimizer: torch.optim.Optimizer = schedulefree.AdamWScheduleFree(
            list(groups), lr=rate, betas=(self.beta1, self.beta2), eps=self.epsilon
        )
        optimizer.train()  # type: ignore[attr-defined]
        return optimizer

    @contextmanager
    def measuring(self, optimizer: torch.optim.Optimizer) -> Iterator[None]:
        """The averaged weights; afterwards the others are back to the last bit."""
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        kept = [parameter.detach().clone() for parameter in parameters]
        optimizer.eval()  # type: ignore[attr-defined]
        yield
        optimizer.train()  # type: ignore[attr-defined]
        with torch.no_grad():
            torch._foreach_copy_(parameters, kept)
