"""The task classify at work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from luthier.core.errors import DataError
from luthier.core.lazy import lazy
from luthier.tasks.about import About
from luthier.tasks.task import Batch, Example, Facts, Task

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    import torch
    from numpy.typing import NDArray
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase

    from luthier.metrics import Measures
    from luthier.models import model as models
    from luthier.models.model import Head
    from luthier.tasks.classification import cards, encoding, many_classes, one_class, score
    from luthier.tasks.classification.target import Target
    from luthier.tasks.classify import Classify
else:
    np, pl, torch = lazy("numpy"), lazy("polars"), lazy("torch")
    models = lazy("luthier.models.model")
    cards, encoding = (lazy(f"{__package__}.{name}") for name in ("cards", "encoding"))
    many_classes = lazy(f"{__package__}.many_classes")
    one_class, score = (lazy(f"{__package__}.{name}") for name in ("one_class", "score"))


class Classifier(Task):
    """Text classification with a transformers sequence-classification head.

    Args:
        config: What the recipe says.
        facts: ``labels`` and what else was learned: ``weights``, ``pair``, ``thresholds``.
        tokenizer: The base's.
    """

    def __init__(self, config: Classify, facts: Facts, tokenizer: PreTrainedTokenizerBase) -> None:
        self.config = config
        self.labels = list(facts["labels"])
        self.tokenizer = tokenizer
        self.max_length = min(config.max_length, tokenizer.model_max_length)
        tokenizer.model_max_length = self.max_length
        self.target = _target(config, facts)
        self.default_metric = self.target.default_metric  # type: ignore[misc]
        self.classes = () if config.target == "score" else tuple(self.labels)
        self.needs = ("pair",) if config.pair or facts.get("pair") else ()

    def head(self) -> Head:
        """``AutoModelForSequenceClassification`` with these labels."""
        config = {
            "num_labels": len(self.labels),
            "id2label": dict(enumerate(self.labels)),
            "label2id": self.target.index,
            "problem_type": self.target.problem,
        }
        return models.Head("AutoModelForSequenceClassification", config, "SEQ_CLS")

    def about(self) -> About:
        """Through transformers' pipeline, or peft's class."""
        return cards.about(self.labels, self.target.thresholds, self._mark())

    def encode(self, rows: pl.DataFrame) -> list[Example]:
        """Token ids cut at ``max_length``, and the label as an index, a 0/1 list or a number.

        Raises:
            DataError: If the model tells pairs and the rows have no second text.
        """
        texts = _texts(rows, "text")
        if self.needs:
            pairs = _texts(rows, "pair")
            examples = encoding.encode_pairs(self.tokenizer, texts, pairs, self.max_length)
        else:
            examples = encoding.encode_texts(self.tokenizer, texts, self.max_length)
        if "label" in rows.columns:
            for example, label in zip(examples, self.references(rows), strict=True):
                example["label"] = label
        return examples

    def weight(self, example: Example) -> float:
        """That of its classes."""
        return self.target.weight(example["label"])

    def texts(self, rows: pl.DataFrame) -> pl.Series:
        """The text; of a pair both, a line each."""
        names = ("text", *self.needs)
        said = [pl.col(name).fill_null("") for name in names]
        return rows.select(pl.concat_str(said, separator="\n").alias("text")).to_series()

    def collate(self, examples: Sequence[Example]) -> Batch:
        """``input_ids``, ``attention_mask`` and perhaps ``token_type_ids`` (rows, length).

        ``labels`` where known.
        """
        batch = encoding.inputs(self.tokenizer, examples)
        if "label" in examples[0]:
            batch["labels"] = torch.from_numpy(np.stack([e["label"] for e in examples]))
        return batch

    def loss(self, output: Any, batch: Batch) -> tuple[Tensor, float]:
        """Cross-entropy, binary cross-entropy or squared error, summed, and the weight of it.

        The weight is that of the rows' classes, the number of terms, or that of scores.
        """
        return self.target.loss(output.logits.float(), batch["labels"])

    def decode(self, output: Any, batch: Batch) -> NDArray[np.float64]:
        """Probabilities (rows, classes), or scores (rows,)."""
        decoded: NDArray[np.float64] = self.target.decode(output.logits.double()).cpu().numpy()
        return decoded

    def gather(self, decoded: list[Any], examples: Sequence[Example]) -> NDArray[np.float64]:
        """The values as one array."""
        return np.stack(decoded)

    def references(self, rows: pl.DataFrame) -> NDArray[Any]:
        """Class indices (rows,), a 0/1 matrix (rows, classes), or scores (rows,)."""
        return self.target.references(rows["label"])

    def measure(
        self,
        predictions: NDArray[Any],
        references: NDArray[Any],
        *,
        confidence: float = 0.95,
        resamples: int = 1000,
    ) -> Measures:
        """Accuracy, precision, recall, F1 and the rest; errors and correlations for scores."""
        return self.target.measure(
            predictions, references, confidence=confidence, resamples=resamples
        )

    def fit_on_validation(
        self, predictions: NDArray[Any], references: NDArray[Any]
    ) -> Mapping[str, Any]:
        """For several classes: ``thresholds``, the probabilities from which on each is given."""
        return self.target.fit(predictions, references)

    def baseline(self, rows: pl.DataFrame) -> Measures:
        """The majority class; the mean score; for several labels, those most rows have."""
        return self.target.baseline(self.references(rows))

    def answerable(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
        """Rows whose labels the model knows."""
        strange, names = self.target.unknown(rows["label"])
        if not strange.any():
            return rows, []
        count = int(strange.sum())
        return rows.filter(~strange), [f"{count} rows left out: unknown labels {', '.join(names)}"]

    def answers(self, predictions: NDArray[Any], rows: pl.DataFrame) -> list[dict[str, Any]]:
        """``label`` with ``probability`` and all ``probabilities``; ``labels``; or ``score``."""
        return self.target.answers(predictions)

    def mistakes(
        self, rows: pl.DataFrame, predictions: NDArray[Any], count: int
    ) -> list[dict[str, Any]]:
        """Wrong answers with the most certainty behind them (for scores: the largest errors)."""
        rank, probability = self.target.mistaken(predictions, self.references(rows))
        worst = [int(i) for i in np.argsort(-rank, kind="stable")[:count] if rank[i] > 0]
        answers, said = self.answers(predictions[worst], rows[worst]), self.texts(rows)
        return [
            {
                "text": said[row],
                "true": _words(rows["label"][row]),
                "predicted": _words(next(iter(answer.values()))),
                "probability": None if probability is None else float(probability[row]),
            }
            for row, answer in zip(worst, answers, strict=True)
        ]

    def _mark(self) -> str | None:
        """What stands between two texts; None where there is one text."""
        return encoding.between(self.tokenizer) if self.needs else None


def _target(config: Classify, facts: Facts) -> Target:
    kinds: dict[str, type[Target]] = {
        "class": one_class.OneClass,
        "classes": many_classes.ManyClasses,
        "score": score.Score,
    }
    return kinds[config.target](
        config, list(facts["labels"]), facts.get("weights"), facts.get("thresholds")
    )


def _texts(rows: pl.DataFrame, name: str) -> list[str]:
    if name not in rows.columns:
        raise DataError(
            "The model asks two texts, and the rows have no {role}.",
            hint="Name the column of the second text: data.columns.{role}=NAME.",
            role=name,
        )
    return rows[name].cast(pl.String).fill_null("").to_list()


def _words(answer: Any) -> str:
    if isinstance(answer, pl.Series | list):
        return ", ".join(map(str, answer)) or "-"
    return f"{answer:.3g}" if isinstance(answer, float) else str(answer)
