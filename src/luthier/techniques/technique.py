"""The contract of a technique: a surgery on the model, and rules for its parameters."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from luthier.core.config import Config

if TYPE_CHECKING:
    from collections.abc import Sequence

    from luthier.models.model import Model


@dataclass(frozen=True)
class Rule:
    """Parameters and how fast they move."""

    pattern: str
    """``@embeddings``, ``@layer.3``, ``@head``, or a shell pattern over parameter names."""
    lr_multiplier: float
    """Factor on the learning rate; 0 is frozen."""


class Technique(Config):
    """What a recipe says of a technique."""

    needs_base: ClassVar[bool] = False
    """Whether it only adapts what pre-training learned, so that a new base is of no use to it."""

    kind: str

    def apply(self, model: Model) -> None:
        """Change the model once, before training. Default: leave it."""

    def rules(self, model: Model, progress: float) -> list[Rule]:
        """How fast which parameters move at ``progress`` (0 to 1); a later rule overrides.

        A pure function; the patterns may not depend on ``progress``. Parameters that
        no rule covers have multiplier 1.
        """
        return []

    def finish(self, model: Model) -> None:
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
