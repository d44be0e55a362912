"""Text classification: one class, several classes, or a score."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from luthier.core.errors import DataError
from luthier.core.lazy import lazy
from luthier.core.names import nearest
from luthier.data.roles import Role
from luthier.recipe.registries import TASKS
from luthier.tasks import losses
from luthier.tasks.task import About, Batch, Example, Facts, Task, TaskConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import polars as pl
    import torch
    from numpy.typing import NDArray
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase

    from luthier import metrics
    from luthier.metrics import Measures
    from luthier.models import model as models
    from luthier.models.model import Head
else:
    np, pl, torch = lazy("numpy"), lazy("polars"), lazy("torch")
    metrics, models = lazy("luthier.metrics"), lazy("luthier.models.model")

TEXT = ("sentence", "review", "content", "comment", "tweet", "body", "document", "message",
        "headline", "title", "input", "question", "query", "文本", "内容", "评论", "句子", "正文",
        )  # fmt: skip
LABEL = ("labels", "sentiment", "class", "category", "target", "intent", "topic", "tag", "y",
         "score", "rating", "stars", "标签", "类别", "情感", "分类", "评分")  # fmt: skip

_ROLE_KIND: dict[str, Literal["label", "labels", "number"]] = {
    "class": "label",
    "classes": "labels",
    "score": "number",
}
_PROBLEM = {
    "class": "single_label_classification",
    "classes": "multi_label_classification",
    "score": "regression",
}


@TASKS.register
class Classify(TaskConfig):
    """Give a text one class, several classes, or a score."""

    kind: Literal["classify"] = "classify"
    """This task."""
    text: str | None = None
    """Column with the text; default: found by its usual names."""
    label: str | None = None
    """Column with the answer; default: found by its usual names."""
    target: Literal["class", "classes", "score"] = "class"
    """`class`: exactly one. `classes`: any number of them. `score`: a number, ordinal or not."""
    max_length: Annotated[int, Field(gt=3)] = 256
    """Tokens kept of a text, special tokens included; the rest is cut. At most
    as many as the base has positions for."""
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
    (Szegedy et al. 2016)."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        weighed = self.class_weights is not None or self.loss == "focal" or self.label_smoothing
        if self.target == "score" and weighed:
            raise ValueError("a score has no classes to weigh, to focus on or to smooth")
        if self.loss == "focal" and self.label_smoothing:
            raise ValueError("label_smoothing goes with loss: cross_entropy")
        return self

    def roles(self) -> tuple[Role, ...]:
        """``text`` and ``label``."""
        return (
            Role("text", "text", (self.text,) if self.text else TEXT),
            Role("label", _ROLE_KIND[self.target], (self.label,) if self.label else LABEL),
        )

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

        Raises:
            DataError: If ``class_weights`` names a class that no row has.
        """
        if self.target == "score":
            return {"labels": ["score"]}
        column = train["label"].drop_nulls()
        values = (column.explode() if self.target == "classes" else column).drop_nulls()
        labels = sorted((str(value) for value in values.unique()), key=_label_order)
        if self.class_weights is None:
            return {"labels": labels}
        counts = {str(label): count for label, count in values.value_counts().iter_rows()}
        known = {label: counts[label] for label in labels}
        return {"labels": labels, "counts": known, "weights": self._weights(known, len(column))}

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
        return Classifier(self, list(facts["labels"]), processor, facts.get("weights"))


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


class Classifier(Task):
    """Text classification with a transformers sequence-classification head."""

    default_metric: ClassVar[str] = "f1_macro"

    def __init__(
        self,
        config: Classify,
        labels: list[str],
        tokenizer: PreTrainedTokenizerBase,
        weights: Sequence[float] | None = None,
    ) -> None:
        self.config = config
        self._weights = weights
        self.labels = labels
        self.tokenizer = tokenizer
        self.max_length = min(config.max_length, tokenizer.model_max_length)
        tokenizer.model_max_length = self.max_length
        self.classes = () if config.target == "score" else tuple(labels)
        self._index = {label: index for index, label in enumerate(labels)}
        if config.target == "score":
            self.default_metric = "rmse"  # type: ignore[misc]

    def head(self) -> Head:
        """``AutoModelForSequenceClassification`` with these labels."""
        config = {
            "num_labels": len(self.labels),
            "id2label": dict(enumerate(self.labels)),
            "label2id": dict(self._index),
            "problem_type": _PROBLEM[self.config.target],
        }
        return models.Head("AutoModelForSequenceClassification", config, "SEQ_CLS")

    def about(self) -> About:
        """Through transformers' pipeline, or peft's class."""
        return About(
            {"en": "text classifier", "zh": "文本分类模型"},
            "text-classification",
            "from transformers import pipeline\n"
            'classify = pipeline("text-classification", model="model")\n'
            'print(classify("...", truncation=True))',
            "from peft import AutoPeftModelForSequenceClassification\n"
            "model = AutoPeftModelForSequenceClassification.from_pretrained("
            f'"model", num_labels={len(self.labels)})',
        )

    def encode(self, rows: pl.DataFrame) -> list[Example]:
        """Token ids cut at ``max_length``, and the label as an index, a 0/1 list or a number."""
        texts = rows["text"].cast(pl.String).to_list()
        ids = self.tokenizer(
            texts, truncation=True, max_length=self.max_length, return_attention_mask=False
        )["input_ids"]
        examples: list[Example] = [{"input_ids": row} for row in ids]
        if "label" in rows.columns:
            for example, label in zip(examples, self.references(rows), strict=True):
                example["label"] = label
        return examples

    def collate(self, examples: Sequence[Example]) -> Batch:
        """``input_ids`` and ``attention_mask`` (rows, length); ``labels`` where known."""
        longest = max(len(example["input_ids"]) for example in examples)
        ids = np.full((len(examples), longest), self.tokenizer.pad_token_id, dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, example in enumerate(examples):
            length = len(example["input_ids"])
            ids[row, :length] = example["input_ids"]
            mask[row, :length] = 1
        batch = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
        if "label" in examples[0]:
            batch["labels"] = torch.from_numpy(np.stack([e["label"] for e in examples]))
        return batch

    def loss(self, output: Any, batch: Batch) -> tuple[Tensor, float]:
        """Cross-entropy, binary cross-entropy or squared error, summed, and the weight of it.

        The weight is that of the rows' classes, the number of terms, or that of scores.
        """
        logits, labels = output.logits.float(), batch["labels"]
        config = self.config
        if config.target == "score":
            total = torch.nn.functional.mse_loss(logits.squeeze(-1), labels, reduction="sum")
            return total, float(labels.numel())
        weight = None if self._weights is None else logits.new_tensor(self._weights)
        gamma = config.focal_gamma if config.loss == "focal" else None
        smoothing = config.label_smoothing
        if config.target == "classes":
            return losses.many_classes(
                logits, labels, weight=weight, smoothing=smoothing, gamma=gamma
            )
        if gamma is not None:
            return losses.one_class_focal(logits, labels, gamma=gamma, weight=weight)
        return losses.one_class(logits, labels, weight=weight, smoothing=smoothing)

    def decode(self, output: Any, batch: Batch) -> NDArray[np.float64]:
        """Probabilities (rows, classes), or scores (rows,)."""
        logits = output.logits.double()
        if self.config.target == "class":
            logits = logits.softmax(-1)
        elif self.config.target == "classes":
            logits = logits.sigmoid()
        else:
            logits = logits.squeeze(-1)
        decoded: NDArray[np.float64] = logits.cpu().numpy()
        return decoded

    def gather(self, decoded: list[Any], examples: Sequence[Example]) -> NDArray[np.float64]:
        """The values as one array."""
        return np.stack(decoded)

    def references(self, rows: pl.DataFrame) -> NDArray[Any]:
        """Class indices (rows,), a 0/1 matrix (rows, classes), or scores (rows,)."""
        column = rows["label"]
        if self.config.target == "score":
            return column.cast(pl.Float32).to_numpy()
        if self.config.target == "class":
            return np.array([self._index[label] for label in column.to_list()], dtype=np.int64)
        matrix = np.zeros((len(column), len(self.labels)), dtype=np.float32)
        for row, labels in enumerate(column.to_list()):
            matrix[row, [self._index[label] for label in labels]] = 1
        return matrix

    def measure(
        self,
        predictions: NDArray[Any],
        references: NDArray[Any],
        *,
        confidence: float = 0.95,
        resamples: int = 1000,
    ) -> Measures:
        """Accuracy, precision, recall, F1 and the rest; errors and correlations for scores."""
        if self.config.target == "score":
            return metrics.measure_regression(
                references, predictions, confidence=confidence, resamples=resamples
            )
        measure = (
            metrics.measure_classification
            if self.config.target == "class"
            else metrics.measure_multilabel
        )
        return measure(
            references, predictions, self.labels, confidence=confidence, resamples=resamples
        )

    def baseline(self, rows: pl.DataFrame) -> Measures:
        """The majority class; the mean score; for several labels, those most rows have."""
        references = self.references(rows)
        if self.config.target == "class":
            counts = np.bincount(references, minlength=len(self.labels))
            constant = np.eye(len(self.labels))[counts.argmax()]
        elif self.config.target == "classes":
            constant = references.mean(0).astype(np.float64)
        else:
            constant = references.mean(dtype=np.float64)
        predictions = np.broadcast_to(constant, references.shape[:1] + constant.shape)
        return self.measure(predictions, references, resamples=0)

    def answerable(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
        """Rows whose labels the model knows."""
        if self.config.target == "score":
            return rows, []
        label = pl.col("label")
        known = (
            label.is_in(self.labels)
            if self.config.target == "class"
            else label.list.eval(pl.element().is_in(self.labels)).list.all()
        )
        strange = rows.filter(~known)
        if strange.is_empty():
            return rows, []
        names = strange["label"].explode() if self.config.target == "classes" else strange["label"]
        others = ", ".join(sorted(set(names.to_list()) - set(self.labels)))
        return rows.filter(known), [f"{len(strange)} rows left out: unknown labels {others}"]

    def answers(self, predictions: NDArray[Any], rows: pl.DataFrame) -> list[dict[str, Any]]:
        """``label`` with ``probability`` and all ``probabilities``; ``labels``; or ``score``."""
        if self.config.target == "score":
            return [{"score": float(value)} for value in predictions]
        answers: list[dict[str, Any]] = []
        for row in predictions:
            probabilities = {name: float(p) for name, p in zip(self.labels, row, strict=True)}
            if self.config.target == "classes":
                chosen = [name for name, p in probabilities.items() if p >= 0.5]
                answers.append({"labels": chosen, "probabilities": probabilities})
            else:
                best = self.labels[int(row.argmax())]
                answers.append(
                    {
                        "label": best,
                        "probability": probabilities[best],
                        "probabilities": probabilities,
                    }
                )
        return answers

    def mistakes(
        self, rows: pl.DataFrame, predictions: NDArray[Any], count: int
    ) -> list[dict[str, Any]]:
        """Wrong answers with the most certainty behind them (for scores: the largest errors)."""
        references = self.references(rows)
        if self.config.target == "class":
            predicted = predictions.argmax(-1)
            weight = np.where(predicted == references, -1.0, predictions.max(-1))
        elif self.config.target == "classes":
            wrong = (predictions >= 0.5) != (references > 0.5)
            weight = np.where(wrong, np.abs(predictions - 0.5) + 0.5, -1.0).max(-1)
        else:
            weight = np.abs(predictions - references)
        worst = [int(i) for i in np.argsort(-weight, kind="stable")[:count] if weight[i] > 0]
        answers = self.answers(predictions[worst], rows[worst])
        truths = rows["label"].to_list()
        return [
            {
                "text": rows["text"][index],
                "true": _words(truths[index]),
                "predicted": _words(answer.get("label", answer.get("labels", answer.get("score")))),
                "probability": float(weight[index]) if self.config.target != "score" else None,
            }
            for index, answer in zip(worst, answers, strict=True)
        ]


def _words(answer: Any) -> str:
    if isinstance(answer, list):
        return ", ".join(map(str, answer)) or "-"
    return f"{answer:.3g}" if isinstance(answer, float) else str(answer)
