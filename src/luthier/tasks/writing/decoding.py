"""How texts are written: greedily, by beam search, or by chance."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from luthier.core.config import Config


class Decoding(Config):
    """Settings of generation, named as in transformers."""

    num_beams: Annotated[int, Field(ge=1, le=32)] = 1
    """Beams of the search; 1: the likeliest token is taken each time."""
    do_sample: bool = False
    """Draw tokens by their probability. What is drawn depends on the rows of a batch."""
    temperature: Annotated[float, Field(gt=0)] = 1.0
    """Of drawing: lower is surer."""
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Draw from the likeliest tokens that together have this probability (Holtzman et al. 2020)."""
    no_repeat_ngram_size: Annotated[int, Field(ge=0)] = 0
    """Runs of so many tokens occur once in a text; 0: any number of times."""
    length_penalty: float = 1.0
    """Of beams: the score is divided by the length to this power, so more favours longer texts."""
    max_new_tokens: Annotated[int, Field(gt=0)] | None = None
    """Tokens that are written at most; default: as many as a target may have."""

    def settings(self, most: int) -> dict[str, Any]:
        """Transformers' names to values, those that matter only.

        Args:
            most: Tokens to write where the recipe says nothing.
        """
        chosen: dict[str, Any] = {
            "max_new_tokens": self.max_new_tokens or most,
            "num_beams": self.num_beams,
            "do_sample": self.do_sample,
        }
        if self.do_sample:
            chosen |= {"temperature": self.temperature, "top_p": self.top_p, "top_k": 0}
        if self.num_beams > 1:
            chosen["length_penalty"] = self.length_penalty
        if self.no_repeat_ngram_size:
            chosen["no_repeat_ngram_size"] = self.no_repeat_ngram_size
        return chosen
