"""Extractive question answering: the answer is a piece of a text, or is not in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from luthier.core.lazy import lazy
from luthier.data.roles import Role
from luthier.recipe.registries import TASKS
from luthier.tasks.extraction.extractor import Extractor
from luthier.tasks.task import Facts, TaskConfig

if TYPE_CHECKING:
    import polars as pl
    from transformers import PreTrainedTokenizerBase

    from luthier import metrics
else:
    metrics = lazy("luthier.metrics")

QUESTION = ("query", "问题")
CONTEXT = ("passage", "paragraph", "document", "article", "text", "文章", "段落", "正文")
ANSWERS = ("answer", "答案")


@TASKS.register
class Extract(TaskConfig):
    """Answer questions with a piece of a given text, as in SQuAD (Rajpurkar et al. 2016, 2018)."""

    per_token: ClassVar[bool] = True

    kind: Literal["extract"] = "extract"
    """This task."""
    question: str | None = None
    """Column with the question; default: found by its usual names."""
    context: str | None = None
    """Column with the text that holds the answer; default: found by its usual names."""
    answers: str | None = None
    """Column with the answers and where they start in the context; default: found by its usual
    names. The first is learned; all are right."""
    max_length: Annotated[int, Field(ge=32)] = 384
    """Tokens of a window: question (64 at most) and context, special tokens included. A longer
    context is read in several windows, so nothing of it is cut off."""
    stride: Annotated[int, Field(ge=0)] = 128
    """Tokens that a window shares with the next, so that an answer at its border is whole in one
    of them; at most half of what a window holds of the context."""
    max_answer_tokens: Annotated[int, Field(gt=0)] = 30
    """Longest answer that is given."""
    top: Annotated[int, Field(gt=0, le=20)] = 3
    """Answers that `predict` lists, the best first; 1: no list beside the answer."""
    no_answer: Literal["auto", True, False] = "auto"
    """Whether a question may have no answer in its context, as in SQuAD 2.0. `auto`: if a training
    row has none. By how much "no answer" must then score above the best answer is tuned on
    validation, for F1."""
    language: Literal["auto", "en", "zh"] = "auto"
    """Whose definition of exact match and F1 holds: `en` SQuAD's (words), `zh` that of CMRC 2018
    (characters). `auto`: by the context of each row."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.stride >= self.max_length:
            raise ValueError("windows overlap by less than their length: stride < max_length")
        return self

    def roles(self) -> tuple[Role, ...]:
        """``question``, ``context`` and ``answers``."""
        return (
            Role("question", "text", (self.question,) if self.question else QUESTION),
            Role("context", "verbatim", (self.context,) if self.context else CONTEXT),
            Role("answers", "spans", (self.answers,) if self.answers else ANSWERS),
        )

    def metric_names(self) -> list[str]:
        """Those of SQuAD 1.1 and, where a question may have no answer, of 2.0."""
        return [*metrics.EXTRACTION, *(metrics.UNANSWERABLE if self.no_answer else ())]

    def learn(self, train: pl.DataFrame) -> Facts:
        """``no_answer``: whether a question may have none."""
        if self.no_answer != "auto":
            return {"no_answer": self.no_answer}
        return {"no_answer": bool((train["answers"].list.len() == 0).any())}

    def build(self, facts: Facts, processor: PreTrainedTokenizerBase) -> Extractor:
        """The task that answers so."""
        return Extractor(self, facts, processor)
