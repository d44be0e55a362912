"""Text to text: translation, summaries, answers, or whatever a template asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from luthier.core.lazy import lazy
from luthier.data.roles import Role
from luthier.recipe.registries import TASKS
from luthier.tasks.task import Facts, TaskConfig
from luthier.tasks.writing.decoding import Decoding
from luthier.tasks.writing.judged import Judged, Metric
from luthier.tasks.writing.templates import ALONE, TEMPLATES, fields
from luthier.tasks.writing.writer import Writer

if TYPE_CHECKING:
    import polars as pl
    from transformers import PreTrainedTokenizerBase

    from luthier import metrics
    from luthier.tasks.writing import prompts
else:
    pl = lazy("polars")
    metrics = lazy("luthier.metrics")
    prompts = lazy("luthier.tasks.writing.prompts")

METRICS: dict[str, list[Metric]] = {
    "free": ["chrf", "rougeL"],
    "translate": ["bleu", "chrf"],
    "summarise": ["rougeL", "rouge1", "rouge2"],
    "answer": ["f1", "exact_match"],
}
"""Use to what it is measured by; the first speaks for the model."""

SYNONYMS = {
    "source": (
        "input", "src", "document", "article", "dialogue", "passage", "text", "content", "prompt",
        "question", "instruction", "原文", "正文", "文章",
    ),
    "question": ("query", "prompt", "instruction", "input", "source", "问题"),
    "context": ("passage", "paragraph", "document", "article", "text", "文章", "段落", "正文"),
    "target": (
        "output", "tgt", "summary", "highlights", "abstract", "summary1", "completion", "response",
        "answer", "answers", "译文", "摘要", "回答", "答案",
    ),
}  # fmt: skip
"""Names under which columns of texts usually come."""


@TASKS.register
class Generate(Decoding, Judged, TaskConfig):
    """Write a text from a text (Raffel et al. 2020): translate, summarise, answer, or anything.

    For encoder-decoders and decoders alike. The loss counts the target only, and the token that
    ends it. While training, validation is measured by `loss`, which costs no writing; with
    `evaluation.best` of another metric texts are written at every evaluation.
    """

    shares: ClassVar[bool] = False

    kind: Literal["generate"] = "generate"
    """This task."""
    use: Literal["free", "translate", "summarise", "answer"] = "free"
    """What for: decides template, metrics and what the model is compared with."""
    template: str | None = None
    """How a row is put to the model: text with names of columns in braces, e.g.
    `"translate English to French: {source}"`. Default: by `use`; of decoders an empty line ends
    it."""
    source: str | None = None
    """Column with the text to start from; default: found by its usual names, or those of two
    languages such as `en` and `fr`."""
    target: str | None = None
    """Column with the text to write; default: found by its usual names."""
    references: list[str] = []
    """Columns with more right texts: they are measured against, not learned."""
    max_source_length: Annotated[int, Field(ge=8)] = 512
    """Tokens kept of a row as it is put to the model. Of one that is longer the longest column
    loses its end, so that what the template says stays."""
    max_target_length: Annotated[int, Field(ge=2)] = 128
    """Tokens kept of a target while training, its end included. One that is cut does not teach to
    end. A decoder gets at most half of the positions it has."""

    @field_validator("template")
    @classmethod
    def _template_has_columns(cls, template: str | None) -> str | None:
        if template is not None:
            names = fields(template)
            if not names or not all(name.isidentifier() for name in names):
                raise ValueError("a template names columns in braces, e.g. 'summarize: {source}'")
        return template

    @model_validator(mode="after")
    def _columns_are_read(self) -> Self:
        if self.source is not None and "source" not in fields(self.asked()):
            raise ValueError("source names a column that the template does not read")
        return self

    def asked(self) -> str:
        """The template."""
        return self.template or TEMPLATES[self.use]

    def roles(self) -> tuple[Role, ...]:
        """One for each column of the template, and ``target``."""
        optional = ["context"] if self.template is None else []
        given = []
        for name in fields(self.asked()):
            own = (self.source,) if name == "source" and self.source else SYNONYMS.get(name)
            given.append(Role(name, "text", own or (name,), required=name not in optional))
        target = (self.target,) if self.target else SYNONYMS["target"]
        return (*given, Role("target", "text", target, learned=True))

    def metric_names(self) -> list[str]:
        """Those chosen, and what is measured of every text."""
        return [*self.compared(), *metrics.LIKELIHOOD, "ended", "repetition"]

    def compared(self) -> list[Metric]:
        """What texts are compared by; default: by ``use``."""
        return self.metrics or METRICS[self.use]

    def learn(self, train: pl.DataFrame) -> Facts:
        """``template``: the one that the columns of the rows can fill."""
        alone = self.template is None and self.use == "answer" and "context" not in train.columns
        return {"template": ALONE if alone else self.asked()}

    def said(self, rows: pl.DataFrame) -> pl.Series:
        """Prompts as they are put to the model, so that the template's words are few pieces."""
        asked = prompts.rendered(self.learn(rows)["template"], rows)
        return pl.concat([pl.Series("text", asked), rows["target"].drop_nulls().alias("text")])

    def build(self, facts: Facts, processor: PreTrainedTokenizerBase) -> Writer:
        """The task that writes so."""
        return Writer(self, facts, processor)
