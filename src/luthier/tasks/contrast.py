"""Contrast: sentence vectors that tell classes apart, from few rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from luthier.core.lazy import lazy
from luthier.data.roles import Role
from luthier.recipe.registries import TASKS
from luthier.tasks.classification.columns import LABEL, TEXT
from luthier.tasks.task import Facts, TaskConfig

if TYPE_CHECKING:
    import polars as pl
    from transformers import PreTrainedTokenizerBase

    from luthier import metrics
    from luthier.tasks.contrasting import contraster
else:
    metrics = lazy("luthier.metrics")
    contraster = lazy("luthier.tasks.contrasting.contraster")


TRAINING: dict[str, Any] = {
    "max_steps": 40, "batch_size": 8, "rows_per_step": None, "gradient_accumulation_steps": 1,
    "learning_rate": 1e-4, "evaluate_every": 40, "early_stopping": None, "grow_batch": None,
}  # fmt: skip
"""How the stage before one that classifies is trained, where the settings of the latter do not
serve: the whole base, for so many steps however few the rows are."""


@TASKS.register
class Contrast(TaskConfig):
    """Bring texts of one class together and those of others apart, for a stage that classifies.

    As the first half of SetFit (Tunstall et al. 2022): the mean of a text's token vectors is its
    vector, and cosines of pairs of texts are fitted to 1 (same class) and 0 (another). From a few
    rows a class there are many pairs. Each text has partners of its own, so the loss does not
    depend on what else is in a batch.
    """

    own_layers: ClassVar[bool] = True
    shares: ClassVar[bool] = False

    kind: Literal["contrast"] = "contrast"
    """This task."""
    text: str | None = None
    """Column with the text; default: found by its usual names."""
    label: str | None = None
    """Column with the class; default: found by its usual names."""
    max_length: Annotated[int, Field(gt=3)] = 256
    """Tokens kept of a text, special tokens included; the rest is cut."""
    partners: Annotated[int, Field(gt=1, multiple_of=2)] = 4
    """Texts that each text is compared with: half of its class, half of others. An epoch costs
    1 + `partners` texts a row."""

    def roles(self) -> tuple[Role, ...]:
        """``text`` and ``label``."""
        return (
            Role("text", "text", (self.text,) if self.text else TEXT),
            Role("label", "label", (self.label,) if self.label else LABEL),
        )

    def metric_names(self) -> list[str]:
        """``knn_accuracy``."""
        return list(metrics.NEIGHBOURS)

    def learn(self, train: pl.DataFrame) -> Facts:
        """The class names, sorted."""
        return {"labels": train["label"].drop_nulls().unique().sort().to_list()}

    def build(self, facts: Facts, processor: PreTrainedTokenizerBase) -> contraster.Contraster:
        """The task for these classes."""
        return contraster.Contraster(self, facts, processor)
