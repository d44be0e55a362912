"""Language modelling: learning a language from plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from luthier.core.lazy import lazy
from luthier.data.roles import Role
from luthier.recipe.registries import TASKS
from luthier.tasks.task import Facts, TaskConfig

if TYPE_CHECKING:
    import polars as pl
    from transformers import PreTrainedTokenizerBase

    from luthier import metrics
    from luthier.tasks.modelling import modeller
else:
    metrics = lazy("luthier.metrics")
    modeller = lazy("luthier.tasks.modelling.modeller")

TEXT = ("text", "document", "article", "content", "body", "文本", "正文", "内容")
"""Names under which plain text usually comes, best first."""


@TASKS.register
class LanguageModel(TaskConfig):
    """Learn a language from plain text: pre-train a new base, or go on with one.

    What is to be foretold is part of the text itself, so no labels are needed. Texts become tokens
    in files on disk once; what an epoch is made of does not have to fit into memory.
    """

    kind: Literal["language_model"] = "language_model"
    """This task."""
    text: str | None = None
    """Column with the text; default: found by its usual names."""
    objective: Literal["auto", "causal", "masked", "span", "denoise"] = "auto"
    """What is foretold. `causal`: every token from those before it (GPT). `masked`: words that are
    hidden (BERT). `span`: spans that are taken out (T5). `denoise`: the whole text, of which spans
    are taken out (BART), so that also copying is learned. `auto`: what the base's tokenizer is
    made for, by its special tokens."""
    max_length: Annotated[int, Field(gt=7)] = 512
    """Tokens of a block, special ones included; at most as many as the base has positions for.
    Blocks of `causal` are full and may hold several documents, which do not see each other; for
    the others every document is by itself, a long one in pieces."""
    rate: Annotated[float, Field(gt=0, lt=1)] = 0.15
    """Share of the tokens that is hidden (`masked`) or taken out (`span`, `denoise`)."""
    span_length: Annotated[float, Field(ge=1)] = 3.0
    """Mean tokens of a span that is taken out."""
    join_rows: bool = False
    """In train, take rows that follow each other in a source for one document: for books that come
    in paragraphs."""
    measured_tokens: Annotated[int, Field(gt=0)] = 200_000
    """Tokens of validation and of test that are measured at most, of all documents alike."""
    samples: Annotated[int, Field(ge=0)] = 2
    """Texts that a decoder makes up at every evaluation, for people to read."""

    def roles(self) -> tuple[Role, ...]:
        """``text``."""
        return (Role("text", "text", (self.text,) if self.text else TEXT),)

    def metric_names(self) -> list[str]:
        """``bits_per_byte``, ``loss`` and ``perplexity``."""
        return list(metrics.LANGUAGE)

    def learn(self, train: pl.DataFrame) -> Facts:
        """Nothing: the base's tokenizer says all."""
        return {}

    def build(self, facts: Facts, processor: PreTrainedTokenizerBase) -> modeller.Modeller:
        """The task for a base's tokenizer."""
        return modeller.Modeller(self, processor)
