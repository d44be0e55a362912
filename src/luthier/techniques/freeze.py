"""Freezing: chosen parameters keep their pre-trained values, bit for bit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from luthier.core.errors import RecipeError
from luthier.recipe.registries import TECHNIQUES
from luthier.techniques.technique import Rule, Technique

if TYPE_CHECKING:
    from luthier.models.model import Model


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
    layers: list[Annotated[int, Field(ge=0)]] = []
    """Freeze the layers with these numbers, from 0."""
    names: list[str] = []
    """Freeze the parameters these patterns match, e.g. `*.attention.*` or `@layer.2`."""
    all_but_head: bool = False
    """Freeze the whole base: only the head learns."""

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
        chosen = groups[: self.lowest] + [f"@layer.{number}" for number in self.layers]
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
