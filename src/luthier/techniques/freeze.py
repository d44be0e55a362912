"""Freezing: chosen parameters keep their pre-trained values, bit for bit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from luthier.core.errors import RecipeError
from luthier.recipe.registries import TECHNIQUES
from luthier.techniques.technique import Rule, Technique

if TYPE_CHECKING:
    from luthier.models.model import Model

HEAD_RATE = 2e-2
"""The learning rate that suits a head by itself."""

Layers = int | Annotated[str, Field(pattern=r"^\d+-\d+$")]


@TECHNIQUES.register
class Freeze(Technique):
    """Keep chosen parameters as they are (Yosinski et al. 2014: lower layers transfer best)."""

    source: ClassVar[str] = "Yosinski et al. 2014, arXiv:1411.1792"

    kind: Literal["freeze"] = "freeze"
    """This technique."""
    embeddings: bool = False
    """Freeze the embeddings."""
    lowest: Annotated[int, Field(ge=0)] = 0
    """Freeze this many depth groups from the input on; the embeddings are the first."""
    layers: list[Layers] = []
    """Freeze the layers with these numbers, from 0, e.g. `[0, 1]`; a range is `"0-3"`, both ends
    included, and -1 is the last layer."""
    names: list[str] = []
    """Freeze the parameters these patterns match: a group such as `@layer.2`, a shell pattern over
    names such as `*.attention.*`, or `re:` and a regular expression of the whole name."""
    all_but_head: bool = False
    """Freeze the whole base: only the head learns."""

    def usual_rate(self) -> float | None:
        """A head alone takes larger steps."""
        return HEAD_RATE if self.all_but_head else None

    def rules(self, model: Model, progress: float) -> list[Rule]:
        """Multiplier 0 for everything chosen."""
        groups = [f"@{group.name}" for group in model.depth_groups() if group.parameters]
        if self.lowest >= len(groups):
            raise RecipeError(
                "freeze: lowest is {lowest}, but the model has {count} depth groups with the head.",
                hint="Use at most {most}, or all_but_head: true.",
                lowest=self.lowest,
                count=len(groups),
                most=len(groups) - 1,
            )
        layers = sum(group.startswith("@layer.") for group in groups)
        chosen = groups[: self.lowest]
        chosen += [f"@layer.{number}" for number in numbers_of(self.layers, layers)]
        if self.embeddings:
            chosen.append("@embeddings")
        if self.all_but_head:
            chosen += [g for g in groups if g != "@head"]
        chosen += self.names
        if not chosen:
            raise RecipeError(
                "The technique freeze does not say what to freeze.",
                hint="For example: {{kind: freeze, lowest: 3}}",
            )
        return [Rule(pattern, 0.0) for pattern in chosen]


def numbers_of(said: Sequence[int | str], count: int) -> Iterator[int]:
    """The numbers of layers that a recipe means, of ``count``: -1 is the last, ``2-4`` a range."""
    for part in said:
        if isinstance(part, str):
            first, _, last = part.partition("-")
            yield from range(int(first), int(last) + 1)
        else:
            yield part + count if part < 0 else part
