"""Adversarial training: the text is also learned with its embeddings moved for the worse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from luthier.core.lazy import lazy
from luthier.recipe.registries import TECHNIQUES
from luthier.techniques.companion import Companion, Pass
from luthier.techniques.technique import Technique, Work

if TYPE_CHECKING:
    from torch import Tensor, nn

    from luthier.models import vocabulary
    from luthier.models.model import Model
else:
    vocabulary = lazy("luthier.models.vocabulary")


@TECHNIQUES.register
class Fgm(Technique):
    """Learn each row also with its embeddings moved where the loss grows (Miyato et al. 2017)."""

    reads: ClassVar[tuple[str, ...]] = ("text",)
    source: ClassVar[str] = "Miyato et al. 2017, arXiv:1605.07725"

    kind: Literal["fgm"] = "fgm"
    """This technique."""
    epsilon: Annotated[float, Field(gt=0)] = 1.0
    """Length of the step that all embeddings of a row together are moved by."""
    weight: Annotated[float, Field(gt=0)] = 1.0
    """Of the loss of moved rows beside the plain one."""

    def companion(self, model: Model, work: Work) -> Companion:
        """Moves what the token embedding gives."""
        return Adversary(self, vocabulary.embeddings(model.core))


class Adversary(Companion):
    """Runs every micro-batch once more, with the perturbation of each row.

    It is a function of the row alone, so that micro-batches make no difference, and needs no
    gradient of the embedding itself: it works where that is frozen.
    """

    looks_inside: ClassVar[bool] = True

    def __init__(self, settings: Fgm, embeddings: list[nn.Module]) -> None:
        self._settings = settings
        self._given: dict[int, Tensor] = {}
        self._moves: dict[int, Tensor] | None = None
        for number, embedding in enumerate(embeddings):
            embedding.register_forward_hook(self._hook(number))

    def _hook(self, number: int) -> Any:
        def hook(module: nn.Module, _: Any, output: Tensor) -> Tensor | None:
            if not module.training:
                return None
            if self._moves is not None:
                return output + self._moves[number]
            if not output.requires_grad:
                output = output.detach().requires_grad_()
            output.retain_grad()
            self._given[number] = output
            return output

        return hook

    def after_backward(self, run: Pass) -> None:
        """The gradients of the moved rows."""
        self._moves = {
            number: _move(given, self._settings.epsilon) for number, given in self._given.items()
        }
        try:
            moved = self._settings.weight * run.loss(run.again())
            moved.backward()  # type: ignore[no-untyped-call]
        finally:
            self._moves = None
            self._given.clear()


def _move(given: Tensor, epsilon: float) -> Tensor:
    """Epsilon times the gradient's direction, for each row (rows, length, width)."""
    assert given.grad is not None
    lengths = given.grad.flatten(1).norm(dim=1).clamp(min=1e-12)
    move: Tensor = epsilon * given.grad / lengths.view(-1, 1, 1)
    return move
