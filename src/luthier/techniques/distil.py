"""Distillation: a model learns what another one, or several, would answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from luthier.core.errors import RecipeError
from luthier.core.lazy import lazy
from luthier.recipe.registries import TECHNIQUES
from luthier.techniques.companion import Companion, Pass
from luthier.techniques.technique import Technique, Work

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from luthier.models import devices, families, kernels, layers, opinions
    from luthier.models.model import Model
else:
    torch = lazy("torch")
    devices, families, kernels, layers, opinions = (
        lazy(f"luthier.models.{name}")
        for name in ("devices", "families", "kernels", "layers", "opinions")
    )

UNCUT = "uncut"
"""The teacher that is the stage's own base, as it was before any technique."""


@TECHNIQUES.register
class Distil(Technique):
    """Learn what a teacher answers, beside the true labels (Hinton et al. 2015)."""

    source: ClassVar[str] = "Hinton et al. 2015, arXiv:1503.02531"

    kind: Literal["distil"] = "distil"
    """This technique."""
    teacher: str | list[str] = UNCUT
    """Who teaches: `uncut` (the stage's base before other techniques), `run:NAME`, or a folder or
    hub id of a model with the same head; of a list the mean of the probabilities is taught."""
    temperature: Annotated[float, Field(gt=0)] = 2.0
    """What logits are divided by: above 1, the teacher's unlikely answers count more."""
    share: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Share of the teacher's answers in the loss; the rest is that of the true labels."""
    hidden: Annotated[float, Field(ge=0)] = 0.0
    """Weight of a loss beside it that draws hidden states to the teacher's: 1 - cosine, each layer
    to the one at the same relative depth."""

    @model_validator(mode="after")
    def _one_depth(self) -> Self:
        if not self.teachers():
            raise ValueError("name a teacher")
        if self.hidden and len(self.teachers()) > 1:
            raise ValueError("hidden states can be drawn to those of one teacher, not of several")
        if not self.hidden and not self.share:
            raise ValueError("give share or hidden, or leave distil out")
        return self

    def teachers(self) -> list[str]:
        """Their names."""
        return [self.teacher] if isinstance(self.teacher, str) else self.teacher

    def companion(self, model: Model, work: Work) -> Companion:
        """Loads the teachers.

        Raises:
            RecipeError: If one was not tuned for the task, or its hidden states are of another
                width.
        """
        teachers = [work.load(None if name == UNCUT else name) for name in self.teachers()]
        for name, teacher in zip(self.teachers(), teachers, strict=True):
            if self.share and teacher.new:
                raise RecipeError(
                    "The teacher '{name}' was not tuned for this task: its head is new.",
                    hint="Tune it in a stage before, name run:NAME, or set share: 0 and hidden: 1.",
                    name=name,
                )
        if self.hidden:
            _check_widths(model, teachers[0])
        return Distillation(self, model, teachers)


class Distillation(Companion):
    """Adds the teachers' part of the loss."""

    looks_inside: ClassVar[bool] = True

    def __init__(self, settings: Distil, model: Model, teachers: Sequence[Model]) -> None:
        self._settings = settings
        self._teachers = [teacher.network.requires_grad_(False) for teacher in teachers]
        if devices.device().type == "cpu":
            for teacher in teachers:
                kernels.use_fast(teacher.core)
        if settings.hidden:
            self._own, self._theirs = (layers.Watched(m.core) for m in (model, teachers[0]))
            self._pairs = matched(
                *(list(families.layer_stacks(m.core).values()) for m in (model, teachers[0]))
            )

    def loss(self, run: Pass, total: Tensor) -> Tensor:
        """The mixture of both losses, and the distance of hidden states."""
        settings = self._settings
        with torch.no_grad():
            given = [run.ask(teacher) for teacher in self._teachers]
        if settings.share:
            apart = opinions.divergence(
                run.opinions(run.output), [run.opinions(one) for one in given], settings.temperature
            )
            total = (1 - settings.share) * total + settings.share * apart * run.weight
        if settings.hidden:
            total = total + settings.hidden * self._distance(run) * run.weight
        return total

    def _distance(self, run: Pass) -> Tensor:
        """Mean over rows of the mean over their tokens and the layers of 1 - cosine."""
        own, theirs = self._own.take(), self._theirs.take()
        return torch.stack(
            [_turned(own[i], theirs[j], run.batch.get("attention_mask")) for i, j in self._pairs]
        ).mean()


def matched(own: Sequence[int], theirs: Sequence[int]) -> list[tuple[int, int]]:
    """Each layer of stacks of some lengths with one of others at the same relative depth.

    The last of a stack goes with the last.
    """
    pairs, first, other = [], 0, 0
    for length, long in zip(own, theirs, strict=True):
        for depth in range(1, length + 1):
            at = max(1, (2 * depth * long + length) // (2 * length))
            pairs.append((first + depth - 1, other + at - 1))
        first, other = first + length, other + long
    return pairs


def _turned(own: Tensor, theirs: Tensor, mask: Tensor | None) -> Tensor:
    """1 - cosine of tokens (rows, length, width), by the mask (rows, length); a mean over rows."""
    # In training the last layer may be computed for the first token alone.
    length = min(own.size(1), theirs.size(1))
    own, theirs = own[:, :length].float(), theirs[:, :length].float()
    away = 1 - torch.nn.functional.cosine_similarity(own, theirs, dim=-1)
    if mask is None or mask.shape[0] != away.shape[0] or mask.shape[1] < length:
        return away.mean()
    real = mask[:, :length].to(away.dtype)
    return ((away * real).sum(1) / real.sum(1).clamp(min=1)).mean()


def _check_widths(model: Model, teacher: Model) -> None:
    widths = [m.core.config.hidden_size for m in (model, teacher)]
    stacks = [len(families.layer_stacks(m.core)) for m in (model, teacher)]
    if widths[0] != widths[1] or stacks[0] != stacks[1]:
        raise RecipeError(
            "Hidden states of {own} numbers cannot be drawn to those of {theirs} of the teacher.",
            hint="Set hidden: 0; the teacher's answers can be learned whatever its width.",
            own=widths[0],
            theirs=widths[1],
        )
