"""What written texts are judged by."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from luthier.core.config import Config

Metric = Literal["bleu", "chrf", "rouge1", "rouge2", "rougeL", "exact_match", "f1"]


class Judged(Config):
    """How the texts that a model writes are measured."""

    metrics: list[Metric] = []
    """What texts are measured by, the first speaks for the model."""
    lowercase: bool = False
    """Whether `bleu` and `chrf` are measured without regard to case."""
    language: Literal["auto", "en", "zh"] = "auto"
    """Of the right texts, for the metrics: Chinese is counted by characters. `auto`: row by row."""
    watched_rows: Annotated[int, Field(gt=0)] = 200
    """Validation rows that texts are written for during training, where `evaluation.best` is no
    loss."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of a token's probability that training spreads over all (Szegedy et al. 2016)."""

    def compared(self) -> list[Metric]:
        """What texts are compared by."""
        return self.metrics
