"""The contract of a technique: a surgery on the model, rules for its parameters, a companion."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from luthier.core.config import Config
from luthier.core.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from luthier.data.finding import Finding
    from luthier.models.model import Model
    from luthier.recipe.schema import Training
    from luthier.techniques.companion import Companion


@dataclass(frozen=True)
class Rule:
    """Parameters and how fast they move."""

    pattern: str
    """``@embeddings``, ``@layer.3``, ``@head``, a shell pattern over parameter names, or ``re:``
    and a regular expression of whole names."""
    lr_multiplier: float
    """Factor on the learning rate; 0 is frozen."""


@dataclass(frozen=True)
class Earlier:
    """A stage that the base of this one comes from, as far as a technique may look back on it."""

    name: str
    """Of the stage; behind the name of its run where that is another."""
    count: int
    """Its training examples."""
    losses: Callable[[Model, Sequence[int], Sequence[int]], Iterator[tuple[Tensor, int]]]
    """A model, numbers of training examples, and seeds of chance, to every micro-batch's mean loss
    and its examples: that of the model's body under the stage's head as it was left, or of the
    model itself where its task has the same classes. In the precision of training."""


@dataclass(frozen=True)
class Work:
    """The training at hand, as far as a technique may look at it."""

    batches: Callable[[int], Iterator[dict[str, Tensor]]]
    """Training rows, at most this many, in batches as they are trained on: the first rows of
    the data in its order, with ``labels`` where the task has such, on the device."""
    loss: Callable[[Any, dict[str, Tensor]], tuple[Tensor, float]]
    """The network's output on a batch to its summed loss and the weight that it is a sum over."""
    ask: Callable[[nn.Module, dict[str, Tensor]], Any]
    """What a network gives on a batch."""
    load: Callable[[str | None], Model]
    """A base by its name in a recipe, with the task's head, in evaluation mode; None: the stage's
    own, as it was before any technique."""
    settings: Training
    """How the model is fitted."""
    earlier: Callable[[], Iterator[tuple[Model, Work]]] = lambda: iter(())
    """The models of earlier stages, as they were at their end, and the work they did."""
    stages: Sequence[Earlier] = ()
    """The stages before, from the first on; for techniques that say ``looks_back``."""
    findings: list[Finding] = field(default_factory=list)
    """What people should know of what techniques did; they may add to it."""


class Technique(Config):
    """What a recipe says of a technique."""

    needs_base: ClassVar[bool] = False
    """Whether it only adapts what pre-training learned, so that a new base is of no use to it."""
    looks_back: ClassVar[bool] = False
    """Whether it needs the stages before this one, and is refused where there are none."""
    changes_base: ClassVar[bool] = False
    """Whether the base is another afterwards than the one on disk, so that adapters alone, without
    it, would be of no use."""
    families: ClassVar[tuple[str, ...]] = ("encoder", "decoder", "encoder-decoder")
    """The families of bases that it works on."""
    reads: ClassVar[tuple[str, ...]] = ("text", "image")
    """What bases that it works on may be given."""
    own_heads: ClassVar[bool] = True
    """Whether it works where the task's layers are ours, on any base, and not transformers'."""
    per_token: ClassVar[bool] = True
    """Whether it works where the network says something of every token, and not of the whole."""
    rate: ClassVar[float | None] = None
    """The learning rate that suits what it trains; None: as usual."""
    source: ClassVar[str] = ""
    """Where it was published: authors, year, number of the paper."""

    kind: str

    def usual_rate(self) -> float | None:
        """The learning rate of recipes that name none; None: as without the technique."""
        return self.rate

    def check(self, model: Model) -> None:
        """Refuse a model that it does not work on, before anything is done to it.

        Raises:
            ModelError: If the technique is not made for such a base.
        """
        if model.family not in self.families:
            raise ModelError(
                "The technique {kind} does not work on this base, which is an {family}.",
                hint="It works on: {families}.",
                kind=self.kind, family=str(model.family), families=", ".join(self.families),
            )  # fmt: skip

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


def below_head(model: Model) -> list[str]:
    """Names of the depth groups of the base that have parameters, from the input on."""
    return [g.name for g in model.depth_groups() if g.parameters and g.name != "head"]


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
