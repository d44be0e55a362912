"""Text classification: one class, several classes, or a score, of a text or of two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from luthier.core.errors import DataError
from luthier.core.lazy import lazy
from luthier.core.names import nearest
from luthier.data.roles import Role
from luthier.recipe.registries import TASKS
from luthier.tasks import losses
from luthier.tasks.classification.classifier import Classifier
from luthier.tasks.classification.columns import LABEL, PAIRS, TEXT
from luthier.tasks.contrast import TRAINING, Contrast
from luthier.tasks.task import Facts, Prelude, TaskConfig

if TYPE_CHECKING:
    import polars as pl
    from transformers import PreTrainedTokenizerBase

    from luthier import metrics
else:
    metrics = lazy("luthier.metrics")

_ROLE_KIND: dict[str, Literal["label", "labels", "number"]] = {
    "class": "label",
    "classes": "labels",
    "score": "number",
}


@TASKS.register
class Classify(TaskConfig):
    """Give a text, or a pair of texts, one class, several classes, or a score."""

    kind: Literal["classify"] = "classify"
    """This task."""
    text: str | None = None
    """Column with the text; default: found by its usual names."""
    pair: str | None = None
    """Column with a second text, where the answer is about two: premise and hypothesis, two
    questions, question and answer. Default: found by the usual names where `text` is not given
    either, such as `sentence1` and `sentence2`."""
    label: str | None = None
    """Column with the answer; default: found by its usual names."""
    target: Literal["class", "classes", "score"] = "class"
    """`class`: exactly one. `classes`: any number of them. `score`: a number, ordinal or not."""
    max_length: Annotated[int, Field(gt=3)] = 256
    """Tokens kept of a text, special tokens included; the rest is cut, of two texts the longer
    one first. At most as many as the base has positions for."""
    class_weights: Literal["balanced"] | dict[str, Annotated[float, Field(gt=0)]] | None = None
    """How much each class counts in the loss, for classes of unequal size. `balanced`: by the
    inverse of its rows in train; or `{label: weight}`, where classes not named count 1. With
    `classes` it is the weight of a row that has the label against one that has not."""
    loss: Literal["cross_entropy", "focal"] = "cross_entropy"
    """`focal` counts rows that are answered well already less, which leaves more weight to rare
    and hard ones (Lin et al. 2017)."""
    focal_gamma: Annotated[float, Field(ge=0)] = 2.0
    """How strongly `focal` does so; 0: not at all. `cross_entropy` does not look at it."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the truth that is spread over all classes, against answers that are too sure
    (Szegedy et al. 2016). With `classes` that is over yes and no of each class."""
    thresholds: Literal["tuned", "half"] = "tuned"
    """With `classes`: the probability from which on a class is given. `tuned`: for each class the
    one with the best F1 on validation, drawn towards one half where validation has few rows of
    the class; without validation, and with `half`: one half."""
    contrast: bool = False
    """For very few rows, such as 8 a class: train the base's sentence vectors first, in a stage of
    its own with the task `contrast`, and classify from what comes of it. For one class of one
    text. To change the settings of either stage write both under `stages`."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        weighed = self.class_weights is not None or self.loss == "focal" or self.label_smoothing
        if self.target == "score" and weighed:
            raise ValueError("a score has no classes to weigh, to focus on or to smooth")
        if self.loss == "focal" and self.label_smoothing:
            raise ValueError("label_smoothing goes with loss: cross_entropy")
        if self.contrast and (self.target != "class" or self.pair):
            raise ValueError("contrast is for one class of one text")
        return self

    def roles(self) -> tuple[Role, ...]:
        """``text``, ``label`` and, where there are two texts, ``pair``."""
        first, second = (tuple(dict.fromkeys(names)) for names in zip(*PAIRS, strict=True))
        text = Role("text", "text", (self.text,) if self.text else TEXT + first)
        label = Role("label", _ROLE_KIND[self.target], (self.label,) if self.label else LABEL)
        if self.pair:
            return (text, Role("pair", "text", (self.pair,)), label)
        if self.text:
            return (text, label)
        return (text, Role("pair", "text", second, required=False, beside=first), label)

    def prelude(self) -> Prelude | None:
        """With ``contrast``: a stage of the task ``contrast`` on the same rows."""
        if not self.contrast:
            return None
        first = Contrast(text=self.text, label=self.label, max_length=self.max_length)
        return Prelude(first, TRAINING, self.model_copy(update={"contrast": False}))

    def metric_names(self) -> list[str]:
        """By ``target``."""
        names = {
            "class": metrics.CLASSIFICATION,
            "classes": metrics.MULTILABEL,
            "score": metrics.REGRESSION,
        }
        return list(names[self.target])

    def learn(self, train: pl.DataFrame) -> Facts:
        """The class names, sorted: numbers by value, text by spelling; their weights if asked.

        ``pair`` where the rows have a second text.

        Raises:
            DataError: If ``class_weights`` names a class that no row has.
        """
        facts: dict[str, Any] = {"pair": True} if "pair" in train.columns else {}
        if self.target == "score":
            return {"labels": ["score"], **facts}
        column = train["label"].drop_nulls()
        values = (column.explode() if self.target == "classes" else column).drop_nulls()
        labels = sorted((str(value) for value in values.unique()), key=_label_order)
        if self.class_weights is None:
            return {"labels": labels, **facts}
        counts = {str(label): count for label, count in values.value_counts().iter_rows()}
        known = {label: counts[label] for label in labels}
        weights = self._weights(known, len(column))
        return {"labels": labels, "counts": known, "weights": weights, **facts}

    def _weights(self, counts: dict[str, int], rows: int) -> list[float]:
        """Of every class, in the order of ``counts``."""
        labels = list(counts)
        if self.class_weights == "balanced":
            if self.target == "classes":
                return losses.positive_weights(counts, labels, rows)
            return losses.balanced_weights(counts, labels)
        assert isinstance(self.class_weights, dict)
        for label in self.class_weights:
            if label not in counts:
                raise _no_class(label, labels)
        return [self.class_weights.get(label, 1.0) for label in labels]

    def build(self, facts: Facts, processor: PreTrainedTokenizerBase) -> Classifier:
        """The classifier for these labels."""
        return Classifier(self, facts, processor)


def _no_class(label: str, labels: list[str]) -> DataError:
    near = nearest(label, labels)
    return DataError(
        "class_weights names the class '{label}', which no training row has.",
        where="task.class_weights",
        hint="Did you mean '{near}'?" if near else "The classes are: {labels}.",
        label=label,
        near=near,
        labels=", ".join(labels),
    )


def _label_order(label: str) -> tuple[int, float, str]:
    try:
        return (0, float(label), label)
    except ValueError:
        return (1, 0.0, label)
