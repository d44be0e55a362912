"""The task generate at work."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from luthier.core.errors import DataError
from luthier.core.lazy import lazy
from luthier.tasks.task import About, Batch, Example, Facts, Task
from luthier.tasks.writing.templates import fields

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    import torch
    from torch import Tensor, nn
    from transformers import PreTrainedTokenizerBase

    from luthier import metrics
    from luthier.data import languages
    from luthier.metrics import Measures, Wanted, Written
    from luthier.models import model as models
    from luthier.models.model import Head
    from luthier.tasks.generate import Generate
    from luthier.tasks.writing import batches, cards, generation, plain, prompts, shown
else:
    NAMES = ("batches", "cards", "generation", "plain", "prompts", "shown")
    np, pl, torch = lazy("numpy"), lazy("polars"), lazy("torch")
    metrics, languages = lazy("luthier.metrics"), lazy("luthier.data.languages")
    models = lazy("luthier.models.model")
    batches, cards, generation, plain, prompts, shown = (lazy(f"{__package__}.{n}") for n in NAMES)

DECODER_END = "\n"
"""Ends the prompt of a decoder where the template is one of ours."""


class Writer(Task):
    """Texts written from texts, by a transformers encoder-decoder or decoder.

    Args:
        config: What the recipe says.
        facts: ``template``.
        tokenizer: The base's.
    """

    answer: ClassVar[str] = "target"
    generates: ClassVar[bool] = True
    cut_by: ClassVar[str] = "max_source_length"
    picked_by: ClassVar[str | None] = "loss"

    def __init__(self, config: Generate, facts: Facts, tokenizer: PreTrainedTokenizerBase) -> None:
        self.config = config
        self.tokenizer = tokenizer
        self.signs = batches.Signs.of(tokenizer)
        decodes = self.signs.start is None
        self.template = str(facts["template"])
        if decodes and config.template is None:
            self.template += DECODER_END
        self.needs = tuple(fields(self.template))
        positions = int(tokenizer.model_max_length)
        self.longest_target = min(config.max_target_length, positions // 2)
        room = positions - self.longest_target if decodes else positions
        self.max_length = min(config.max_source_length, room)
        self.settings = {
            **config.settings(self.longest_target),
            **self.signs.generation(),
        }
        self.names = config.compared()
        self.default_metric = self.names[0]  # type: ignore[misc]
        self.writes = True

    @property
    def ends(self) -> frozenset[int]:
        """The token that ends a text."""
        return frozenset({self.signs.end})

    def head(self) -> Head:
        """``AutoModelForSeq2SeqLM``, or ``AutoModelForCausalLM`` for a decoder alone."""
        return generation.head(self.signs, self.settings)

    def about(self) -> About:
        """With transformers."""
        return cards.about(self.config.use, self.template, self.max_length, self.settings)

    def encode(self, rows: pl.DataFrame) -> list[Example]:
        """``input_ids`` of the prompt; with ``labels`` of the target where known.

        ``whole`` is how many tokens the target had before it was cut.
        """
        ids = prompts.prompt_ids(self.tokenizer, self.template, rows, self.max_length)
        examples: list[Example] = [{"input_ids": row} for row in ids]
        if self.answer in rows.columns:
            texts = rows[self.answer].fill_null("").to_list()
            targets = batches.target_ids(self.tokenizer, self.signs, texts, self.longest_target)
            for example, (labels, whole) in zip(examples, targets, strict=True):
                example |= {"labels": labels, "whole": whole}
        return examples

    def given(self, example: Example) -> Sequence[int]:
        """Prompt and target."""
        return [*example["input_ids"], *example.get("labels", ())]

    def size(self, example: Example) -> int:
        """Tokens of prompt and target."""
        return len(example["input_ids"]) + len(example.get("labels", ()))

    def texts(self, rows: pl.DataFrame) -> pl.Series:
        """The prompts."""
        return pl.Series("text", prompts.rendered(self.template, rows), dtype=pl.String)

    def collate(self, examples: Sequence[Example]) -> Batch:
        """Prompts to write from, and beside them targets where known."""
        return batches.to_write(self.signs, examples)

    def collate_to_train(self, examples: Sequence[Example], seeds: Sequence[int]) -> Batch:
        """Prompts and targets."""
        return batches.to_train(self.signs, examples)

    def compute(self, network: nn.Module, batch: Batch, place: torch.device) -> generation.Output:
        """What the network writes, and the loss of every token of the targets."""
        moved = {name: part.to(place) for name, part in batch.items()}
        return generation.written(network, moved, self.signs, self.settings, write=self.writes)

    def loss(self, output: Any, batch: Batch) -> tuple[Tensor, float]:
        """Cross-entropy of the targets' tokens, summed, and their number."""
        return generation.loss(
            output.logits, batch["labels"], self.signs, smoothing=self.config.label_smoothing
        )

    def decode(self, output: generation.Output, batch: Batch) -> list[Written]:
        """The texts, whether they were ended, and the loss of the true ones."""
        return generation.read(output, self.tokenizer, self.signs)

    def references(self, rows: pl.DataFrame) -> list[Wanted]:
        """The right texts, their language, and what could be answered without a model."""
        columns = [name for name in self.config.references if name in rows.columns]
        true = rows.select(pl.col(self.answer, *columns).cast(pl.String)).rows()
        texts = [tuple(text for text in row if text) or ("",) for row in true]
        first = [row[0] for row in texts]
        sources = prompts.rendered("\n".join(f"{{{name}}}" for name in self.needs), rows)
        language = self.config.language
        codes = [language] * len(first)
        if language == "auto":
            codes = languages.identify(pl.Series("text", first, dtype=pl.String)).to_list()
        simple = plain.plain_answers(self.config.use, sources, first)
        parts = zip(texts, codes, simple, strict=True)
        return [metrics.Wanted(one, code or "", other) for one, code, other in parts]

    def measure(
        self,
        predictions: list[Written],
        references: list[Wanted],
        *,
        confidence: float = 0.95,
        resamples: int = 1000,
    ) -> Measures:
        """What the texts are worth, and how likely the right ones are."""
        return metrics.measure_writing(
            predictions, references, names=self.names, lowercase=self.config.lowercase,
            confidence=confidence, resamples=resamples,
        )  # fmt: skip

    def watched(self, rows: pl.DataFrame, metric: str) -> tuple[Task, pl.DataFrame]:
        """Without writing where a loss is watched, else on some of the rows."""
        if metric in metrics.LIKELIHOOD:
            cheaper = copy.copy(self)
            cheaper.writes = False
            return cheaper, rows
        return self, rows.gather_every(max(1, -(-len(rows) // self.config.watched_rows)))

    def baseline(self, rows: pl.DataFrame) -> Measures:
        """The best answer without a model, by each metric."""
        return metrics.measure_plain(
            self.references(rows), self.names, lowercase=self.config.lowercase
        )

    def answerable(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
        """All rows."""
        return rows, []

    def answers(self, predictions: list[Written], rows: pl.DataFrame) -> list[dict[str, Any]]:
        """``answer``, and whether the model ended it by itself."""
        return [{"answer": one.text, "ended": one.ended} for one in predictions]

    def read(self, said: str) -> dict[str, Any]:
        """A text as the only column.

        Raises:
            DataError: If the template asks for several.
        """
        if len(self.needs) > 1:
            raise DataError(
                "The model reads {asked}, and here is one text: '{said}'.",
                hint="Give --field NAME='...' for each, or a file with --input.",
                asked=", ".join(self.needs),
                said=said if len(said) <= 60 else f"{said[:59]}…",
            )
        return {self.needs[0]: said}

    def mistakes(
        self, rows: pl.DataFrame, predictions: list[Written], count: int
    ) -> list[dict[str, Any]]:
        """None: a text is hardly ever simply wrong."""
        return []

    def samples(
        self, rows: pl.DataFrame, predictions: list[Written], count: int
    ) -> list[dict[str, Any]]:
        """Texts from the worst to the best by the first metric, as each scores alone."""
        some = rows.head(shown.SCORED)
        return shown.samples(
            prompts.rendered(self.template, some), predictions[: len(some)],
            self.references(some), self.names[0], count,
        )  # fmt: skip
