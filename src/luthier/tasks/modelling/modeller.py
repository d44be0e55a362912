"""Language modelling at work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from luthier.data.packing import IGNORED, Numbers
from luthier.data.shards import Blocks, Pieces, write_shards
from luthier.metrics import Measures, measure_language
from luthier.models.kernels.cross_entropy import cross_entropy, token_losses
from luthier.models.kernels.logits import defer_logits
from luthier.models.model import Head, Model
from luthier.tasks.modelling.documents import documents, tokenized
from luthier.tasks.modelling.objectives import Objective, objective_for
from luthier.tasks.modelling.samples import sampled
from luthier.tasks.task import About, Batch, Example, Task

if TYPE_CHECKING:
    from luthier.tasks.language_model import LanguageModel

HELD_OUT = 20_260_101
"""What is hidden of a text that is measured follows from this and its number."""

SHOWN = 500
"""Characters of a text that the report shows."""


class Modeller(Task):
    """Foretells parts of texts from the rest.

    An example of training is a block or a piece of a document (:mod:`luthier.data.shards`); of a
    row to be measured it is a piece of it, with ``row``, and ``tokens`` to foretell in all of it.

    Args:
        config: What the recipe says.
        tokenizer: The base's.
    """

    default_metric: ClassVar[str] = "bits_per_byte"
    whole_vocabulary = True

    def __init__(self, config: LanguageModel, tokenizer: PreTrainedTokenizerBase) -> None:
        self.config = config
        self.tokenizer = tokenizer
        self.max_length = min(config.max_length, tokenizer.model_max_length)
        self.objective: Objective = objective_for(config, tokenizer, self.max_length)

    def head(self) -> Head:
        """The output layer that the family's bases bring."""
        return self.objective.head

    def about(self) -> About:
        """Through the auto class of the objective."""
        return self.objective.about

    def adjust(self, core: PreTrainedModel) -> None:
        """The logits are left to the loss."""
        defer_logits(core)

    def looked_at(
        self, rows: pl.DataFrame, examples: Sequence[Example]
    ) -> Iterator[tuple[str, Task, pl.DataFrame, Sequence[Example]]]:
        """Nothing: every token teaches, and none is cut."""
        yield from ()

    def encode_to_train(self, rows: pl.DataFrame, folder: Path) -> Sequence[Example]:
        """Blocks, or pieces of documents, read from token files in the folder as they are asked."""
        texts = documents(rows, join=self.config.join_rows)
        framed = (self.objective.framed(ids) for ids in tokenized(self.tokenizer, texts))
        shards = write_shards(framed, len(self.tokenizer), folder)
        if self.objective.packs:
            return Blocks(shards, self.objective.room)
        return Pieces(shards, self.objective.room)

    def encode(self, rows: pl.DataFrame) -> list[Example]:
        """Pieces of each row, the first ones of all where there are more than are measured."""
        examples: list[Example] = []
        places: list[int] = []
        for row, ids in enumerate(tokenized(self.tokenizer, documents(rows, join=False))):
            document = np.asarray(self.objective.framed(ids), dtype=np.int64)
            pieces = self.objective.pieces(document)
            places += range(len(pieces))
            examples += [
                {"input_ids": piece, "number": 0, "row": row,
                 "tokens": self.objective.foretold(document)}
                for piece in pieces
            ]  # fmt: skip
        sizes = np.array([len(example["input_ids"]) for example in examples], dtype=np.int64)
        order = np.argsort(np.array(places, dtype=np.int64), kind="stable")
        within = np.cumsum(sizes[order]) <= self.config.measured_tokens
        within[:1] = True
        chosen = [examples[place] for place in np.sort(order[within])]
        return [{**example, "number": number} for number, example in enumerate(chosen)]

    def sizes(self, examples: Sequence[Example]) -> Numbers:
        """Tokens of each example."""
        if isinstance(examples, Blocks | Pieces):
            return examples.sizes
        return super().sizes(examples)

    def collate(self, examples: Sequence[Example]) -> Batch:
        """A batch in which what is hidden follows from the number of the example."""
        return self._batch(examples, (HELD_OUT,))

    def collate_to_train(self, examples: Sequence[Example], seeds: Sequence[int]) -> Batch:
        """A batch in which what is hidden follows from the seed, the step and the example."""
        return self._batch(examples, seeds[:2])

    def _batch(self, examples: Sequence[Example], seeds: Sequence[int]) -> Batch:
        randoms = (np.random.default_rng((*seeds, int(one["number"]))) for one in examples)
        made = self.objective.batch(examples, randoms)
        return {name: torch.from_numpy(values) for name, values in made.items()}

    def loss(self, output: Any, batch: Batch) -> tuple[Tensor, float]:
        """The sum of the tokens' cross-entropies, and how many these are."""
        labels = self.objective.aligned(batch["labels"])
        return cross_entropy(output.logits, labels), float((labels != IGNORED).sum().item())

    def decode(self, output: Any, batch: Batch) -> NDArray[np.float64]:
        """Of each example: sum of its losses, tokens foretold, tokens of the text among them."""
        labels = self.objective.aligned(batch["labels"])
        losses = token_losses(output.logits, labels).sum(1).double().cpu().numpy()
        counts = (labels != IGNORED).sum(1).numpy()
        covered = self.objective.covered(batch["labels"].numpy())
        return np.stack([losses, counts, covered], axis=1).astype(np.float64)

    def gather(self, decoded: list[Any], examples: Sequence[Example]) -> NDArray[np.float64]:
        """Of each row: losses, tokens foretold, and the share of its text that they stand for."""
        rows = [int(example["row"]) for example in examples]
        sums = np.zeros((max(rows, default=-1) + 1, 3))
        np.add.at(sums, rows, np.stack(decoded) if decoded else np.zeros((0, 3)))
        tokens = np.ones(len(sums))
        for example in examples:
            tokens[example["row"]] = max(1, example["tokens"])
        sums[:, 2] /= tokens
        return sums

    def references(self, rows: pl.DataFrame) -> NDArray[np.float64]:
        """Bytes of each row's text in UTF-8: (rows,)."""
        sizes = rows["text"].fill_null("").str.len_bytes()
        return sizes.to_numpy().astype(np.float64)

    def measure(
        self,
        predictions: NDArray[Any],
        references: NDArray[Any],
        *,
        confidence: float = 0.95,
        resamples: int = 1000,
    ) -> Measures:
        """``bits_per_byte``, ``loss`` and ``perplexity``: see :func:`measure_language`."""
        sizes = references[: len(predictions)] * predictions[:, 2]
        return measure_language(
            predictions[:, 0], predictions[:, 1], sizes,
            confidence=confidence, resamples=resamples,
        )  # fmt: skip

    def baseline(self, rows: pl.DataFrame) -> Measures:
        """What it is worth to know nothing but how often tokens occur in the rest of these rows.

        Every piece of the vocabulary counts once more than it occurs (Laplace's rule).
        """
        counts: Counter[int] = Counter()
        lengths = []
        for ids in tokenized(self.tokenizer, rows["text"].fill_null("")):
            counts.update(ids)
            lengths.append(len(ids))
        frequencies = np.array(list(counts.values()), dtype=np.float64)
        others = frequencies.sum() - 1 + len(self.tokenizer)
        entropy = -float(np.log(frequencies / others) @ frequencies) / frequencies.sum()
        tokens = np.array(lengths, dtype=np.float64)
        return measure_language(entropy * tokens, tokens, self.references(rows), resamples=0)

    def answerable(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
        """All rows: any text can be measured."""
        return rows, []

    def answers(self, predictions: NDArray[Any], rows: pl.DataFrame) -> list[dict[str, Any]]:
        """``bits_per_byte``, ``perplexity`` and ``tokens`` of each text."""
        sizes = self.references(rows)
        return [
            {
                "bits_per_byte": float(loss / np.log(2) / max(1.0, size * share)),
                "perplexity": float(np.exp(min(700.0, loss / max(1.0, tokens)))),
                "tokens": int(tokens),
            }
            for (loss, tokens, share), size in zip(predictions, sizes, strict=False)
        ]

    def mistakes(
        self, rows: pl.DataFrame, predictions: NDArray[Any], count: int
    ) -> list[dict[str, Any]]:
        """The texts that were foretold worst; ``probability`` is that of a token."""
        means = predictions[:, 0] / np.maximum(1, predictions[:, 1])
        answers = self.answers(predictions, rows)
        return [
            {
                "text": (rows["text"][int(row)] or "")[:SHOWN],
                "true": "",
                "predicted": f"{answers[int(row)]['bits_per_byte']:.2f} bits per byte",
                "probability": float(np.exp(-means[row])),
            }
            for row in np.argsort(-means, kind="stable")[:count]
        ]

    def samples(self, model: Model, seed: int) -> list[str]:
        """Texts that the model makes up; of other objectives than ``causal`` none."""
        return sampled(model, self.config.samples, seed) if self.objective.packs else []
