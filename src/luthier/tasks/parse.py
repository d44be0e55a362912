"""Dependency parsing: the head and the relation of every word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from luthier.core.lazy import lazy
from luthier.data.roles import Role
from luthier.recipe.registries import TASKS
from luthier.tasks.parsing.parser import Parser
from luthier.tasks.task import Facts, TaskConfig

if TYPE_CHECKING:
    import polars as pl
    from transformers import PreTrainedTokenizerBase

    from luthier import metrics
else:
    pl, metrics = lazy("polars"), lazy("luthier.metrics")

WORDS = ("words", "form", "sentence", "text", "句子", "文本")
"""Names under which what is to be parsed usually comes: words, or a text to part into words."""

Units = Annotated[int, Field(gt=0)]


@TASKS.register
class Parse(TaskConfig):
    """Find the head of every word of a sentence, and its relation to it: dependency parsing."""

    own_layers: ClassVar[bool] = True

    kind: Literal["parse"] = "parse"
    """This task."""
    max_length: Annotated[int, Field(gt=3)] = 512
    """Tokens read of a sentence, special tokens included; at most as many as the base has
    positions for. Of a longer one the words at the end are not trained and count as wrong when
    it is measured; to parse it is refused."""
    pool: Literal["first", "mean"] = "first"
    """What stands for a word: the base's vector of its `first` token, or the `mean` over all."""
    arc_units: Units = 500
    """Width of the vectors of which arcs are scored."""
    label_units: Units = 100
    """Width of the vectors of which relations are scored."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.33
    """Dropout of the layers on the base; that of the base is `training.dropout`."""

    def roles(self) -> tuple[Role, ...]:
        """``tokens``, ``heads`` and ``deprels``."""
        return (Role("tokens", "tokens", WORDS), Role("heads", "heads"), Role("deprels", "tags"))

    def metric_names(self) -> list[str]:
        """Those of trees."""
        return list(metrics.DEPENDENCIES)

    def learn(self, train: pl.DataFrame) -> Facts:
        """``labels``: the relations; of these ``roots``: those of roots, and ``others``."""
        words = train.select(pl.col("heads", "deprels").explode()).drop_nulls()
        at_root = pl.col("heads") == 0

        def of(some: Any) -> list[str]:
            return sorted(words.filter(some)["deprels"].unique().to_list())

        return {"labels": of(pl.lit(True)), "roots": of(at_root), "others": of(~at_root)}

    def build(self, facts: Facts, processor: PreTrainedTokenizerBase) -> Parser:
        """The parser with these relations."""
        return Parser(self, facts, processor)
