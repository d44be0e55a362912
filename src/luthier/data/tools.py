"""What a preparation step may ask of the base that a recipe will tune."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Span = tuple[int, int]
"""Where a part of a text begins and ends, in characters."""

Guess = tuple[str, float]
"""A word and its probability."""


class Tools(Protocol):
    """The base at the service of preparation. Nothing is loaded before the first question."""

    @property
    def name(self) -> str:
        """Identifies the base; answers of the same name are the same."""
        ...

    def perplexity(self, texts: Sequence[str]) -> list[float]:
        """How surprising each text is to the base, from 1 on; of a text without tokens: NaN.

        Raises:
            DataError: If the base is no language model.
        """
        ...

    def fill_mask(
        self, texts: Sequence[str], spans: Sequence[Span], top: int = 10
    ) -> list[list[Guess]]:
        """Whole words that could stand in the span of each text, likeliest first.

        Args:
            texts: In any number.
            spans: One in each text; what stands there is hidden from the base.
            top: Words to give, at most.

        Raises:
            DataError: If the base is no masked language model.
        """
        ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The meaning of each text as a vector of length one; (texts, width)."""
        ...
