"""What techniques that train virtual tokens have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from luthier.core.errors import RecipeError
from luthier.techniques.adapter import Adapter
from luthier.techniques.technique import Work

if TYPE_CHECKING:
    from luthier.models.model import Model


class PromptLearning(Adapter):
    """Freezes the base and trains what stands before every text."""

    own_heads: ClassVar[bool] = False
    reads: ClassVar[tuple[str, ...]] = ("text",)

    num_virtual_tokens: Annotated[int, Field(gt=0)] = 20
    """How many tokens are put before each text."""

    def apply(self, model: Model, work: Work) -> None:
        """Put the virtual tokens before what the base is given.

        Raises:
            RecipeError: If the base has too few positions for the texts and these tokens.
        """
        positions = getattr(model.core.config, "max_position_embeddings", None)
        longest = max((b["input_ids"].shape[-1] for b in work.batches(EVERY)), default=0)
        if positions and longest + self.num_virtual_tokens > positions:
            raise RecipeError(
                "With {tokens} virtual tokens texts of {longest} are too long for the base, which "
                "has {positions} positions.",
                hint="Set task.max_length to at most {most}.",
                tokens=self.num_virtual_tokens,
                longest=longest,
                positions=positions,
                most=positions - self.num_virtual_tokens,
            )
        super().apply(model, work)
        # Outside the network neither the optimizer nor checkpoints would see what learns.
        model.core.add_module("prompt_encoder", model.network.get_submodule("prompt_encoder"))

    def finish(self, model: Model, work: Work) -> None:
        """Keep what the virtual tokens are, and not what computes them in training."""
        model.network.eval()


EVERY = 10**9
"""Rows: all there are."""
