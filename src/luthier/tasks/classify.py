"""Text classification: one class, several classes, or a score."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from luthier.core.lazy import lazy
from luthier.data.roles import Role
from luthier.recipe.registries import TASKS
from luthier.tasks.task import Batch, Example, Facts, Task, TaskConfig

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
        """The class names, sorted: numbers by value, text by spelling."""
        if self.target == "score":
            return {"labels": ["score"]}
        column = train["label"].drop_nulls()
        values = column.explode().unique() if self.target == "classes" else column.unique()
        return {"labels": sorted((str(v) for v in values if v is not None), key=_label_order)}

    def build(self, facts: Facts, tokenizer: PreTrainedTokenizerBase) -> Classifier:
        """The classifier for these labels."""
        return Classifier(self, list(facts["labels"]), tokenizer)


def _label_order(label: str) -> tuple[int, float, str]:
    try:
        return (0, float(label), label)
    except ValueError:
        return (1, 0.0, label)


class Classifier(Task):
    """Text classification with a transformers sequence-classification head."""

    default_metric: ClassVar[str] = "f1_macro"

    def __init__(
        self, config: Classify, labels: list[str], tokenizer: PreTrainedTokenizerBase
    ) -> None:
        self.config = config
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
        """Cross-entropy, binary cross-entropy or squared error, summed; weight: terms summed."""
        logits, labels = output.logits.float(), batch["labels"]
        functional = torch.nn.functional
        if self.config.target == "class":
            total = functional.cross_entropy(logits, labels, reduction="sum")
        elif self.config.target == "classes":
            total = functional.binary_cross_entropy_with_logits(logits, labels, reduction="sum")
        else:
            total = functional.mse_loss(logits.squeeze(-1), labels, reduction="sum")
        return total, float(labels.numel())

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

    def answers(self, predictions: NDArray[Any]) -> list[dict[str, Any]]:
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
        answers = self.answers(predictions[worst])
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
