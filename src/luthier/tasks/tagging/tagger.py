"""What taggers of every kind have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, ClassVar

from luthier.core.lazy import lazy
from luthier.tasks.about import About
from luthier.tasks.task import IGNORED, Batch, Example, Facts, Task

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    import torch
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase

    from luthier.data import schemes, words
    from luthier.metrics import Tagged
    from luthier.metrics.intervals import Floats
    from luthier.models import model as models
    from luthier.models.model import Head
    from luthier.tasks.classification import encoding as texts
    from luthier.tasks.tag import Tag
    from luthier.tasks.tagging import paths, saying, windows
    from luthier.tasks.words import pieces
else:
    np, pl, torch = lazy("numpy"), lazy("polars"), lazy("torch")
    schemes, words = lazy("luthier.data.schemes"), lazy("luthier.data.words")
    models = lazy("luthier.models.model")
    texts = lazy("luthier.tasks.classification.encoding")
    paths, saying, windows = (lazy(f"{__package__}.{n}") for n in ("paths", "saying", "windows"))
    pieces = lazy("luthier.tasks.words.pieces")

Words = Sequence[str]


class Tagger(Task):
    """Tags of words, with a transformers token-classification head.

    Args:
        config: What the recipe says.
        facts: ``labels``, ``scheme``, and whether Chinese ``characters`` are words.
        tokenizer: The base's.
    """

    answer: ClassVar[str] = "tags"

    def __init__(self, config: Tag, facts: Facts, tokenizer: PreTrainedTokenizerBase) -> None:
        self.config = config
        self.tokenizer = tokenizer
        self.max_length = min(config.max_length, tokenizer.model_max_length)
        tokenizer.model_max_length = self.max_length
        self.labels = list(facts["labels"])
        self.classes = tuple(self.labels)
        self.scheme = facts["scheme"]
        self._characters = bool(facts["characters"])
        self._index = {label: number for number, label in enumerate(self.labels)}
        self._rules = paths.Rules.of(self.labels, self.scheme)

    def head(self) -> Head:
        """``AutoModelForTokenClassification`` with these tags."""
        config = {
            "num_labels": len(self.labels),
            "id2label": dict(enumerate(self.labels)),
            "label2id": self._index,
        }
        return models.Head("AutoModelForTokenClassification", config, "TOKEN_CLS")

    def about(self) -> About:
        """Through transformers' pipeline for tokens."""
        return saying.about(self.labels, entities=self.scheme is not None)

    def encode(self, rows: pl.DataFrame) -> list[Example]:
        """The windows of every row; with a label at the first token of each word where known.

        An example has ``input_ids``, ``row`` (from 0), ``places`` (of the first token of each word
        that is answered in it), ``first`` (the number of the first of these) and ``labels``.
        """
        sentences = [said for _, said, _ in self._said(rows)]
        read = pieces.read_words(self.tokenizer, sentences)
        examples: list[Example] = [
            {
                # Some tokenizers make no token at all of nothing.
                "input_ids": window.ids or [self.tokenizer.pad_token_id],
                "places": window.places, "first": window.first, "row": row,
            }
            for row, sentence in enumerate(read)
            for window in windows.windows(sentence, self.max_length, self.config.stride)
        ]  # fmt: skip
        if "tags" in rows.columns:
            truth = self.references(rows)
            for example in examples:
                example["labels"] = self._labels(example, truth[example["row"]])
        return examples

    def weight(self, example: Example) -> float:
        """Its words that have a tag."""
        return float(sum(label != IGNORED for label in example["labels"]))

    def _labels(self, example: Example, tags: Words) -> list[int]:
        labels = [IGNORED] * len(example["input_ids"])
        for word, place in enumerate(example["places"], example["first"]):
            labels[place] = self._index.get(tags[word], IGNORED) if word < len(tags) else IGNORED
        return labels

    def _said(self, rows: pl.DataFrame) -> Iterable[tuple[str, list[str], list[tuple[int, int]]]]:
        """Text, words, and where they stand in it; a text in the place of words is parted."""
        for said in rows["tokens"].to_list():
            if isinstance(said, str):
                places = words.word_places(said, characters=self._characters)
                yield said, [said[start:end] for start, end in places], places
            else:
                every = [str(word) for word in said or ()]
                text, places = words.join_words(every)
                yield text, every, places

    def texts(self, rows: pl.DataFrame) -> pl.Series:
        """The words as a text."""
        return pl.Series("text", [text for text, _, _ in self._said(rows)], dtype=pl.String)

    def spread(self, rows: pl.DataFrame, examples: Sequence[Example]) -> pl.DataFrame:
        """Each window with the words that are answered in it."""
        every = [said for _, said, _ in self._said(rows)]
        parts = [every[e["row"]][e["first"] :][: len(e["places"])] for e in examples]
        seen = rows[[e["row"] for e in examples]]
        return seen.with_columns(pl.Series("tokens", parts, dtype=pl.List(pl.String)))

    def collate(self, examples: Sequence[Example]) -> Batch:
        """``input_ids``, ``attention_mask`` and, where known, ``labels``: (windows, length).

        ``_places`` (windows, words) has the first token of each word; -1 where there is none.
        """
        batch = texts.inputs(self.tokenizer, examples)
        rows = [example["places"] or [-1] for example in examples]
        batch["_places"] = texts.padded(rows, -1)
        if "labels" in examples[0]:
            batch["labels"] = texts.padded([example["labels"] for example in examples], IGNORED)
        return batch

    def loss(self, output: Any, batch: Batch) -> tuple[Tensor, float]:
        """Cross-entropy of the tags at the first token of each word, summed; words trained."""
        labels = batch["labels"]
        total = torch.nn.functional.cross_entropy(
            output.logits.float().flatten(0, 1), labels.flatten(),
            reduction="sum", ignore_index=IGNORED,
        )  # fmt: skip
        return total, float((labels != IGNORED).sum())

    def decode(self, output: Any, batch: Batch) -> list[Floats]:
        """(words, tags) chances of every window."""
        places = batch["_places"].to(output.logits.device)
        wide = places.clamp(min=0).unsqueeze(-1).expand(-1, -1, output.logits.size(-1))
        chances = output.logits.gather(1, wide).double().softmax(-1).cpu().numpy()
        counts = (places >= 0).sum(1).tolist()
        return [chances[row, :count].copy() for row, count in enumerate(counts)]

    def gather(self, decoded: list[Floats], examples: Sequence[Example]) -> list[Tagged]:
        """The best tags of every row that the scheme allows, of all its windows together."""
        pairs = zip(examples, decoded, strict=True)
        groups = groupby(pairs, key=lambda pair: int(pair[0]["row"]))
        entities = self.scheme is not None
        return [
            paths.tagged(np.concatenate([one for _, one in group]), self._rules, entities=entities)
            for _, group in groups
        ]

    def references(self, rows: pl.DataFrame) -> list[list[str]]:
        """The true tags, in the scheme that is learned."""
        return [schemes.canonical(tags or (), self.scheme) for tags in rows["tags"].to_list()]

    def read(self, said: str) -> dict[str, Any]:
        """The text, in the place of its words."""
        return {"tokens": said}
