"""The task generate at work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from luthier.core.errors import DataError
from luthier.core.lazy import lazy
from luthier.tasks.about import About
from luthier.tasks.task import Batch, Example, Facts
from luthier.tasks.writing.speaker import Speaker
from luthier.tasks.writing.templates import fields

if TYPE_CHECKING:
    import polars as pl
    from transformers import PreTrainedTokenizerBase

    from luthier.metrics import Wanted
    from luthier.tasks.generate import Generate
    from luthier.tasks.writing import batches, cards, plain, prompts
else:
    NAMES = ("batches", "cards", "plain", "prompts")
    pl = lazy("polars")
    batches, cards, plain, prompts = (lazy(f"{__package__}.{n}") for n in NAMES)

DECODER_END = "\n"
"""Ends the prompt of a decoder where the template is one of ours."""


class Writer(Speaker):
    """Texts written from texts, by a transformers encoder-decoder or decoder.

    Args:
        config: What the recipe says.
        facts: ``template``.
        tokenizer: The base's.
    """

    answer: ClassVar[str] = "target"
    cut_by: ClassVar[str] = "max_source_length"

    def __init__(self, config: Generate, facts: Facts, tokenizer: PreTrainedTokenizerBase) -> None:
        super().__init__(config, tokenizer)
        self.config = config
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

    @property
    def ends(self) -> frozenset[int]:
        """The token that ends a text."""
        return frozenset({self.signs.end})

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

    def references(self, rows: pl.DataFrame) -> list[Wanted]:
        """The right texts, their language, and what could be answered without a model."""
        columns = [name for name in self.config.references if name in rows.columns]
        true = rows.select(pl.col(self.answer, *columns).cast(pl.String)).rows()
        texts = [tuple(text for text in row if text) or ("",) for row in true]
        first = [row[0] for row in texts]
        sources = prompts.rendered("\n".join(f"{{{name}}}" for name in self.needs), rows)
        return self.wanted(texts, plain.plain_answers(self.config.use, sources, first))

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
