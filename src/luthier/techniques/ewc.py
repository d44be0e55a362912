"""Elastic weight consolidation: weights that mattered before are held where they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from luthier.core.errors import RecipeError
from luthier.core.lazy import lazy
from luthier.recipe.registries import TECHNIQUES
from luthier.techniques.pull import Pull, Spring, moving, started_random
from luthier.techniques.technique import Technique, Work

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from luthier.models import vocabulary
    from luthier.models.model import Model
    from luthier.techniques.companion import Companion
else:
    torch, vocabulary = lazy("torch"), lazy("luthier.models.vocabulary")


@TECHNIQUES.register
class Ewc(Technique):
    """Draw weights to the start, the more the more they mattered (Kirkpatrick et al. 2017)."""

    needs_base: ClassVar[bool] = True
    source: ClassVar[str] = "Kirkpatrick et al. 2017, arXiv:1612.00796"

    kind: Literal["ewc"] = "ewc"
    """This technique."""
    strength: Annotated[float, Field(ge=0)] = 0.01
    """Of the pull. What matters is scaled to a mean of 1, so that it compares with `l2_sp`'s."""
    rows: Annotated[int, Field(gt=0)] = 128
    """Rows that tell what matters: of every earlier stage; in a first stage those of training, with
    the base as it is."""

    def companion(self, model: Model, work: Work) -> Companion:
        """Measures what matters, and remembers the start."""
        held = {n: p for n, p in moving(model).items() if n not in started_random(model)}
        earlier = list(work.earlier())
        total = {name: torch.zeros_like(p) for name, p in held.items()}
        for past, done in earlier or [(model, work)]:
            for name, found in fisher(past, done, self.rows):
                if name in total:
                    total[name] += _as_trained(found, total[name], name, model)
        counted = sum(value.numel() for value in total.values())
        mean = sum(value.double().sum().item() for value in total.values()) / max(counted, 1)
        if not mean > 0:
            raise RecipeError(
                "ewc finds nothing that mattered before in what is trained now.",
                hint="Let weights of the base move, and give rows with labels.",
            )
        scale = self.strength / mean
        return Pull([Spring(p, p.detach().clone(), scale * total[n]) for n, p in held.items()])


def fisher(model: Model, work: Work, count: int) -> Iterator[tuple[str, Tensor]]:
    """The diagonal of the empirical Fisher information of each parameter, by name.

    The mean over rows of the squared gradient of a row's loss, without dropout.

    Args:
        model: Whose.
        work: What it was trained on.
        count: Rows to look at.
    """
    parameters = moving(model)
    squares = {name: torch.zeros_like(p) for name, p in parameters.items()}
    _without_chance(model)
    rows = 0
    for batch in work.batches(count):
        for row in range(len(next(iter(batch.values())))):
            one = {name: tensor[row : row + 1] for name, tensor in batch.items()}
            loss, weight = work.loss(work.ask(model.network, one), one)
            if weight:
                _add_squares(loss / weight, parameters, squares)
                rows += 1
    for name, total in squares.items():
        yield name, total / max(rows, 1)


def _add_squares(
    loss: Tensor, parameters: Mapping[str, Tensor], squares: Mapping[str, Tensor]
) -> None:
    gradients = torch.autograd.grad(loss, list(parameters.values()), allow_unused=True)
    for name, gradient in zip(parameters, gradients, strict=True):
        if gradient is not None:
            squares[name] += gradient.square()


def _without_chance(model: Model) -> None:
    """Evaluation mode, but for an embedding whose parameters are then not those looked up."""
    model.network.eval()
    for module in model.core.modules():
        if isinstance(module, vocabulary.KnownRows):
            module.training = True


def _as_trained(found: Tensor, like: Tensor, name: str, model: Model) -> Tensor:
    """What was found of a parameter for the rows of it that train."""
    if found.shape == like.shape:
        return found.to(like.device)
    embedding = model.core.get_input_embeddings()
    if isinstance(embedding, vocabulary.KnownRows) and like.shape == embedding.weight.shape:
        return found.to(like.device)[embedding.rows]
    return torch.zeros_like(like)
