"""The contract of a technique: a surgery on the model, rules for its parameters, a companion."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from luthier.core.config import Config

if TYPE_CHECKING:
    from torch import Tensor

    from luthier.models.model import Model
    from luthier.techniques.companion import Companion


@dataclass(frozen=True)
class Rule:
    """Parameters and how fast they move."""

    pattern: str
    """``@embeddings``, ``@layer.3``, ``@head``, or a shell pattern over parameter names."""
    lr_multiplier: float
    """Factor on the learning rate; 0 is frozen."""


@dataclass(frozen=True)
class Work:
    """The training at hand, as far as a technique may look at it."""

    batches: Callable[[int], Iterator[dict[str, Tensor]]]
    """Training rows, at most this many, in batches as they are made for prediction: the first
    rows of the data in its order, with ``labels`` where the task has such."""
    loss: Callable[[Any, dict[str, Tensor]], tuple[Tensor, float]]
    """The network's output on a batch to its summed loss and the weight that it is a sum over."""


class Technique(Config):
    """What a recipe says of a technique."""

    needs_base: ClassVar[bool] = False
    """Whether it only adapts what pre-training learned, so that a new base is of no use to it."""

    kind: str

    def apply(self, model: Model, work: Work) -> None:
        """Change the model once, before training. Default: leave it."""

    def rules(self, model: Model, progress: float) -> list[Rule]:
        """How fast which parameters move at ``progress`` (0 to 1); a later rule overrides.

        A pure function that changes only at the :meth:`turns`. Parameters that no rule covers
        have multiplier 1.
        """
        return []

    def turns(self, model: Model) -> Sequence[float]:
        """The values of ``progress`` from which other rules hold, each above 0 and below 1."""
        return ()

    def companion(self, model: Model, work: Work) -> Companion | None:
        """What goes along with training; asked once, after every technique was applied."""
        return None

    def finish(self, model: Model, work: Work) -> None:
        """Change the model once, after training. Default: leave it."""


def multipliers(techniques: Sequence[Technique], model: Model, progress: float) -> dict[str, float]:
    """Learning-rate multiplier of every parameter: the product over the techniques.

    Numbers that are no weights, as those that balance losses, start from a pace of their own.

    Raises:
        RecipeError: If a rule's pattern matches no parameter.
    """
    combined = {name: 1.0 for name, _ in model.core.named_parameters()}
    for pattern, pace in getattr(model.core, "paces", {}).items():
        combined |= dict.fromkeys(fnmatch.filter(combined, pattern), pace)
    for technique in techniques:
        own: dict[str, float] = {}
        for rule in technique.rules(model, progress):
            own.update(dict.fromkeys(model.select(rule.pattern), rule.lr_multiplier))
        for name, multiplier in own.items():
            combined[name] *= multiplier
    return combined


def course(techniques: Sequence[Technique], model: Model) -> dict[float, dict[str, float]]:
    """The multipliers over a whole training: from which progress on which hold, in order."""
    turns = {0.0, *(turn for technique in techniques for turn in technique.turns(model))}
    return {turn: multipliers(techniques, model, turn) for turn in sorted(turns)}
