"""Replay: every step also learns rows of earlier stages again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from luthier.core.errors import RecipeError
from luthier.core.lazy import lazy
from luthier.core.names import nearest
from luthier.recipe.registries import TECHNIQUES
from luthier.techniques.companion import Companion
from luthier.techniques.technique import Earlier, Technique, Work

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from luthier.data import plan as plans
    from luthier.models.model import Model
    from luthier.recipe.schema import Training
else:
    torch, plans = lazy("torch"), lazy("luthier.data.plan")


@TECHNIQUES.register
class Replay(Technique):
    """Learn rows of earlier stages beside the new ones, so that they are not forgotten.

    Experience replay (Rolnick et al. 2019): their training rows, all of which are kept. A stage
    whose task has the same classes is replayed as it is; that of another task goes through the
    body that is trained and the head that it was left with, which stays as it is.
    """

    looks_back: ClassVar[bool] = True
    source: ClassVar[str] = "Rolnick et al. 2019, arXiv:1811.11682"

    kind: Literal["replay"] = "replay"
    """This technique."""
    share: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Of all rows of a step, those that are of earlier stages. They come on top: an epoch still has
    every new row once, and a step takes so much longer."""
    stages: list[str] | None = None
    """Names of the stages to replay, in equal parts; default: all that the base comes from. A stage
    of another run goes by RUN/STAGE."""

    def companion(self, model: Model, work: Work) -> Companion:
        """What adds the gradients of the replayed rows.

        Raises:
            RecipeError: If a stage is named that the base does not come from.
        """
        known = {one.name: one for one in work.stages}
        names = list(known) if self.stages is None else self.stages
        for name in names:
            if name not in known:
                near = nearest(name, known)
                raise RecipeError(
                    "replay names the stage '{name}', which the base does not come from.",
                    hint="Did you mean '{near}'?" if near else "It comes from: {known}.",
                    name=name,
                    near=near,
                    known=", ".join(known),
                )
        return Replaying(model, work.settings, [known[name] for name in names], self.share)


class Replaying(Companion):
    """Adds the gradients of earlier stages' rows at the end of every step."""

    looks_inside: ClassVar[bool] = True

    def __init__(
        self, model: Model, settings: Training, stages: Sequence[Earlier], share: float
    ) -> None:
        self._model, self._seed, self._stages = model, settings.seed, stages
        self._new = settings.rows_of_a_step
        self._old = self._new * share / (1 - share) / len(stages)
        self._step = torch.zeros((), dtype=torch.int64)

    def rows(self, step: int) -> list[list[int]]:
        """The numbers of the rows of each stage that a step has: a function of (seed, step).

        Every row of a stage comes once before one comes again.
        """
        start, end = int(step * self._old), int((step + 1) * self._old)
        return [
            plans.endless(stage.count, start, end, seeds=(self._seed, number)).tolist()
            for number, stage in enumerate(self._stages)
        ]

    def before_update(self, weight: float) -> None:
        """Make of the gradient of the new rows that of new and old rows together."""
        step = int(self._step)
        self._step += 1
        rows = self.rows(step)
        every = self._new + sum(map(len, rows))
        gradients = [p.grad for p in self._model.core.parameters() if p.grad is not None]
        torch._foreach_mul_(gradients, self._new / every)
        for number, (stage, own) in enumerate(zip(self._stages, rows, strict=True)):
            seeds = (self._seed, step, number)
            for loss, count in stage.losses(self._model, own, seeds) if own else ():
                if loss.requires_grad:
                    (loss * (weight * count / every)).backward()  # type: ignore[no-untyped-call]

    def tensors(self) -> Mapping[str, Tensor]:
        """The number of the step."""
        return {"step": self._step}
