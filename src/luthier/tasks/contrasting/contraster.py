"""Training of sentence vectors on explicit pairs of texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from luthier.metrics import Measures, measure_neighbours, nearest_others
from luthier.metrics.measures import Estimate
from luthier.models.heads.sentence import Embedded, SentenceEncoder
from luthier.models.model import Head
from luthier.tasks.about import About
from luthier.tasks.classification.encoding import encode_texts, padded
from luthier.tasks.contrasting.partners import NONE, partners
from luthier.tasks.task import Batch, Example, Facts, Task

if TYPE_CHECKING:
    from luthier.tasks.contrast import Contrast

USAGE = (
    "import torch\n"
    "from transformers import AutoModel, AutoTokenizer\n"
    'tokenizer = AutoTokenizer.from_pretrained("model")\n'
    'model = AutoModel.from_pretrained("model")\n'
    'batch = tokenizer(["..."], padding=True, truncation=True, return_tensors="pt")\n'
    "mask = batch.attention_mask.unsqueeze(-1)\n"
    "tokens = model(**batch).last_hidden_state\n"
    "vectors = torch.nn.functional.normalize((tokens * mask).sum(1) / mask.sum(1))"
)


class Contraster(Task):
    """Sentence vectors that tell the classes of a data set apart.

    An example is a text with the texts that it is compared with, so the loss of a step does not
    depend on how the step is cut into batches.

    Args:
        config: What the recipe says.
        facts: ``labels``.
        tokenizer: The base's.
    """

    default_metric: ClassVar[str] = "knn_accuracy"

    def __init__(self, config: Contrast, facts: Facts, tokenizer: PreTrainedTokenizerBase) -> None:
        self.config = config
        self.classes = tuple(facts["labels"])
        self.tokenizer = tokenizer
        self.max_length = min(config.max_length, tokenizer.model_max_length)
        tokenizer.model_max_length = self.max_length
        self._index = {label: index for index, label in enumerate(self.classes)}

    def head(self) -> Head:
        """The base alone: the mean of its tokens' vectors needs no layer."""
        return Head(SentenceEncoder, {}, None)

    def about(self) -> About:
        """Through ``AutoModel``: the vectors are the mean of the tokens'."""
        adapted = USAGE.replace(
            'AutoModel.from_pretrained("model")',
            'AutoModel.from_pretrained("base")\nmodel.load_adapter("model")',
        )
        nouns = {"en": "sentence encoder", "zh": "句向量模型"}
        return About(nouns, "sentence-similarity", USAGE, adapted, cuts="max_length")

    def encode(self, rows: pl.DataFrame) -> list[Example]:
        """Token ids cut at ``max_length``; where labels are known, those of the partners.

        ``partners`` is a list of token ids, ``same`` 1 for one of the same class, 0 for another,
        -1 where it does not count.
        """
        texts = rows["text"].cast(pl.String).fill_null("").to_list()
        examples = encode_texts(self.tokenizer, texts, self.max_length)
        if "label" not in rows.columns:
            return examples
        classes = self.references(rows)
        for row, (example, others) in enumerate(
            zip(examples, partners(classes, self.config.partners), strict=True)
        ):
            example["label"] = classes[row]
            example["partners"] = [examples[max(other, 0)]["input_ids"] for other in others]
            example["same"] = np.where(others == NONE, -1, classes[others] == classes[row])
        return examples

    def size(self, example: Example) -> int:
        """The tokens of all its texts, each as long as the longest."""
        texts = _texts(example)
        return len(texts) * max(map(len, texts))

    def collate(self, examples: Sequence[Example]) -> Batch:
        """``input_ids`` and ``attention_mask`` (rows, texts, length); ``_same`` where known."""
        texts = [text for example in examples for text in _texts(example)]
        ids = padded(texts, self.tokenizer.pad_token_id)
        mask = padded([[1] * len(text) for text in texts], 0)
        shape = (len(examples), -1, ids.size(1))
        batch = {"input_ids": ids.view(shape), "attention_mask": mask.view(shape)}
        if "same" in examples[0]:
            same = np.stack([example["same"] for example in examples])
            batch["_same"] = torch.from_numpy(same.astype(np.float32))
        return batch

    def loss(self, output: Embedded, batch: Batch) -> tuple[Tensor, float]:
        """Squared error of cosines, 1 for two texts of a class and 0 for others, and the pairs."""
        same, vectors = batch["_same"], output.vectors
        cosines = (vectors[:, 1:] @ vectors[:, 0].unsqueeze(-1)).squeeze(-1)
        counts = same >= 0
        return (cosines - same)[counts].square().sum(), float(counts.sum())

    def decode(self, output: Embedded, batch: Batch) -> NDArray[np.float64]:
        """Vectors of length 1: (rows, width)."""
        decoded: NDArray[np.float64] = output.vectors[:, 0].double().cpu().numpy()
        return decoded

    def gather(self, decoded: list[Any], examples: Sequence[Example]) -> NDArray[np.float64]:
        """The vectors as one array."""
        return np.stack(decoded)

    def references(self, rows: pl.DataFrame) -> NDArray[np.int64]:
        """Indices of the classes: (rows,)."""
        return np.array([self._index[label] for label in rows["label"].to_list()], dtype=np.int64)

    def measure(
        self,
        predictions: NDArray[Any],
        references: NDArray[Any],
        *,
        confidence: float = 0.95,
        resamples: int = 1000,
    ) -> Measures:
        """``knn_accuracy``: how often a text's nearest other text is of the same class."""
        return measure_neighbours(
            references, predictions, list(self.classes),
            confidence=confidence, resamples=resamples,
        )  # fmt: skip

    def baseline(self, rows: pl.DataFrame) -> Measures:
        """The share of the most frequent class."""
        counts = np.bincount(self.references(rows))
        share = float(counts.max() / counts.sum())
        return Measures(len(rows), {"knn_accuracy": Estimate(share, share, share)})

    def answerable(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
        """Rows of the classes that training had."""
        strange = ~rows["label"].is_in(self.classes)
        if not strange.any():
            return rows, []
        names = ", ".join(sorted(rows["label"].filter(strange).unique().to_list()))
        return rows.filter(~strange), [f"{strange.sum()} rows left out: unknown labels {names}"]

    def answers(self, predictions: NDArray[Any], rows: pl.DataFrame) -> list[dict[str, Any]]:
        """``vector`` of each text."""
        return [{"vector": row.tolist()} for row in predictions]

    def mistakes(
        self, rows: pl.DataFrame, predictions: NDArray[Any], count: int
    ) -> list[dict[str, Any]]:
        """Texts that are most like one of another class; ``probability`` is the cosine."""
        nearest, cosines = nearest_others(predictions)
        references = self.references(rows)
        rank = np.where(references[nearest] == references, -np.inf, cosines)
        worst = [int(row) for row in np.argsort(-rank, kind="stable")[:count]]
        labels = rows["label"]
        return [
            {
                "text": rows["text"][row],
                "true": labels[row],
                "predicted": f"{labels[int(nearest[row])]}: {rows['text'][int(nearest[row])]}",
                "probability": float(cosines[row]),
            }
            for row in worst
            if np.isfinite(rank[row])
        ]


def _texts(example: Example) -> list[list[int]]:
    """The text's token ids, and those of what it is compared with."""
    return [example["input_ids"], *example.get("partners", [])]
