"""The task parse at work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

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

    from luthier import metrics
    from luthier.data import words
    from luthier.metrics import Measures, Tree
    from luthier.models import model as models
    from luthier.models import opinions
    from luthier.models.heads import biaffine
    from luthier.models.heads.biaffine import Scores
    from luthier.models.model import Head
    from luthier.models.opinions import Opinion
    from luthier.tasks.classification import encoding as texts
    from luthier.tasks.parse import Parse
    from luthier.tasks.parsing import encoding, saying
    from luthier.tasks.parsing import spanning_tree as trees
else:
    np, pl, torch = lazy("numpy"), lazy("polars"), lazy("torch")
    metrics, words = lazy("luthier.metrics"), lazy("luthier.data.words")
    models, biaffine = lazy("luthier.models.model"), lazy("luthier.models.heads.biaffine")
    opinions = lazy("luthier.models.opinions")
    texts = lazy("luthier.tasks.classification.encoding")
    encoding, saying = lazy(f"{__package__}.encoding"), lazy(f"{__package__}.saying")
    trees = lazy(f"{__package__}.spanning_tree")

IGNORED = -100
"""Head or relation of a word that is not trained."""


class Parser(Task):
    """Trees of sentences, with a biaffine head of our own.

    Args:
        config: What the recipe says.
        facts: ``labels``, and of these ``roots`` and ``others``.
        tokenizer: The base's.
    """

    default_metric = "las"
    answer: ClassVar[str] = "heads"

    def __init__(self, config: Parse, facts: Facts, tokenizer: PreTrainedTokenizerBase) -> None:
        self.config = config
        self.labels = list(facts["labels"])
        self.classes = tuple(self.labels)
        self.tokenizer = tokenizer
        self.max_length = min(config.max_length, tokenizer.model_max_length)
        tokenizer.model_max_length = self.max_length
        self._index = {label: place for place, label in enumerate(self.labels)}
        self._sides = [[label in facts[k] for label in self.labels] for k in ("others", "roots")]

    def head(self) -> Head:
        """:class:`~luthier.models.heads.biaffine.BiaffineParser` with these relations."""
        config = {
            "num_labels": len(self.labels),
            "id2label": dict(enumerate(self.labels)),
            "label2id": self._index,
            "arc_units": self.config.arc_units,
            "label_units": self.config.label_units,
            "parser_dropout": self.config.dropout,
        }
        return models.Head(biaffine.BiaffineParser, config, None)

    def about(self) -> About:
        """Through luthier; the tuned base through transformers alone."""
        return saying.about()

    def encode(self, rows: pl.DataFrame) -> list[Example]:
        """Token ids cut at ``max_length``, the tokens of each word, and heads and relations.

        Raises:
            DataError: If a sentence without any answer, which is to be parsed, is too long.
        """
        sentences = _words(rows)
        read = encoding.encode_words(self.tokenizer, sentences, self.max_length)
        examples: list[Example] = []
        for row, (sentence, one) in enumerate(zip(sentences, read, strict=True)):
            spans = one.spans
            if len(spans) < len(sentence) and not {"heads", "deprels"} & {*rows.columns}:
                raise _too_long(row, sentence, len(spans), self.max_length)
            if self.config.pool == "first":
                spans = [(start, start + 1) for start, _ in spans]
            examples.append({"input_ids": one.ids, "words": spans, "count": len(sentence)})
        if {"heads", "deprels"} <= {*rows.columns}:
            answers = zip(examples, rows["heads"], rows["deprels"], strict=True)
            for example, heads, deprels in answers:
                example["label"] = self._label(heads, deprels, len(example["words"]))
        return examples

    def _label(self, heads: Sequence[int], deprels: Sequence[str], read: int) -> NDArray[np.int64]:
        """(2, words) heads and relations of the words that are read."""
        known = [-1 if head is None else head for head in heads][:read]
        pairs = [
            (head, self._index.get(deprel, IGNORED)) if 0 <= head <= read else (IGNORED, IGNORED)
            for head, deprel in zip(known, deprels, strict=False)
        ]
        return np.array(pairs, dtype=np.int64).reshape(-1, 2).T

    def weight(self, example: Example) -> float:
        """Its words that have a head."""
        return float((example["label"][0] != IGNORED).sum())

    def texts(self, rows: pl.DataFrame) -> pl.Series:
        """The words with spaces between them."""
        return pl.Series("text", [" ".join(sentence) for sentence in _words(rows)], dtype=pl.String)

    def collate(self, examples: Sequence[Example]) -> Batch:
        """``input_ids``, ``attention_mask`` (rows, length) and ``words`` (rows, words, 2).

        ``labels`` (rows, 2, words), heads and relations, where known.
        """
        batch = texts.inputs(self.tokenizer, examples)
        batch["words"] = encoding.padded_spans([example["words"] for example in examples])
        if "label" in examples[0]:
            labels = np.full((len(examples), 2, batch["words"].size(1)), IGNORED, dtype=np.int64)
            for place, example in enumerate(examples):
                labels[place, :, : example["label"].shape[1]] = example["label"]
            batch["labels"] = torch.from_numpy(labels)
        return batch

    def loss(self, output: Scores, batch: Batch) -> tuple[Tensor, float]:
        """Cross-entropy of the heads plus that of the relations under true heads, summed.

        The weight is the number of words.
        """
        heads, labels = batch["labels"].unbind(1)
        scores = output.labels(heads.clamp(min=0))
        total = _cross_entropy(output.arcs, heads) + _cross_entropy(scores, labels)
        return total, float((heads != IGNORED).sum())

    def opinions(self, output: Scores, batch: Batch) -> list[Opinion]:
        """The head of each word, and its relation under its true head."""
        heads, labels = batch["labels"].unbind(1)
        arcs = output.arcs.clamp(min=opinions.CLOSED)[heads != IGNORED]
        scores = output.labels(heads.clamp(min=0))[labels != IGNORED]
        return [opinions.Opinion(arcs, "one"), opinions.Opinion(scores, "one")]

    def decode(self, output: Scores, batch: Batch) -> list[Tree]:
        """The best tree of each row, and the best relation of each word under its head.

        Relations that train has at roots alone stand at roots alone, and the other way round. A
        word's probability is that of its head times that of its relation.
        """
        arcs = output.arcs.cpu().double().log_softmax(-1).numpy()
        spans = batch["words"].cpu()
        lengths = (spans[..., 1] > spans[..., 0]).sum(1).tolist()
        heads = np.zeros(arcs.shape[:2], dtype=np.int64)
        for row, length in enumerate(lengths):
            heads[row, :length] = trees.best_tree(arcs[row, :length, : length + 1])
        scores = output.labels(torch.from_numpy(heads).to(output.arcs.device)).cpu().double()
        other = torch.from_numpy(~np.array(self._sides)[(heads == 0).astype(np.int64)])
        scores = scores.masked_fill(other, torch.finfo(scores.dtype).min).log_softmax(-1)
        labels, best = scores.max(-1)
        chosen = np.take_along_axis(arcs, heads[..., None], -1)[..., 0]
        chances = np.exp(chosen + labels.numpy())
        return [
            metrics.Tree(
                heads[row, :length].tolist(),
                [self.labels[label] for label in best[row, :length]],
                chances[row, :length].tolist(),
            )
            for row, length in enumerate(lengths)
        ]

    def gather(self, decoded: list[Tree], examples: Sequence[Example]) -> list[Tree]:
        """Trees in which words that were not read have no head."""
        pairs = zip(decoded, examples, strict=True)
        return [_completed(tree, example["count"] - len(tree.heads)) for tree, example in pairs]

    def references(self, rows: pl.DataFrame) -> list[Tree]:
        """The true trees."""
        pairs = zip(rows["heads"].to_list(), rows["deprels"].to_list(), strict=True)
        return [metrics.Tree(heads, deprels) for heads, deprels in pairs]

    def measure(
        self,
        predictions: list[Tree],
        references: list[Tree],
        *,
        confidence: float = 0.95,
        resamples: int = 1000,
    ) -> Measures:
        """Attachment scores; intervals over sentences."""
        return metrics.measure_dependencies(
            references, predictions, confidence=confidence, resamples=resamples
        )

    def baseline(self, rows: pl.DataFrame) -> Measures:
        """Every word on the one before it, or on the one after it, with the usual relation."""
        truth = self.references(rows)
        return self.measure(metrics.best_chain(truth), truth, resamples=0)

    def answerable(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
        """All rows; notes on words that cannot be answered rightly, which count as wrong."""
        unread = sum(e["count"] - len(e["words"]) for e in self.encode(rows))
        deprels = rows["deprels"].explode().drop_nulls()
        strange = deprels.filter(~deprels.is_in(self.labels))
        notes = []
        if unread:
            notes.append(f"{unread} words are beyond {self.max_length} tokens: they count as wrong")
        if len(strange):
            names = ", ".join(sorted(strange.unique()))
            notes.append(f"{len(strange)} words count as wrong: unknown relations {names}")
        return rows, notes

    def answers(self, predictions: list[Tree], rows: pl.DataFrame) -> list[dict[str, Any]]:
        """``conllu``: the tree in that format; ``words``: ``id``, ``token``, ``head``, ``deprel``.

        Of each word also ``probability``.
        """
        pairs = zip(_words(rows), predictions, strict=True)
        return [saying.answer(sentence, tree) for sentence, tree in pairs]

    def read(self, said: str) -> dict[str, Any]:
        """The words of a text."""
        return {"tokens": words.split_words(said)}

    def mistakes(
        self, rows: pl.DataFrame, predictions: list[Tree], count: int
    ) -> list[dict[str, Any]]:
        """The most certain wrong word of each sentence, as ``relation(head, word)``."""
        found = [
            saying.worst(sentence, truth, tree)
            for sentence, truth, tree in zip(
                _words(rows), self.references(rows), predictions, strict=True
            )
        ]
        wrong = [mistake for mistake in found if mistake is not None]
        return sorted(wrong, key=lambda mistake: -mistake["probability"])[:count]


def _words(rows: pl.DataFrame) -> list[list[str]]:
    """The words of each row; a text in their place is parted into words."""
    column = rows["tokens"]
    if column.dtype == pl.String:
        return [words.split_words(text or "") for text in column]
    return [list(map(str, sentence or ())) for sentence in column.to_list()]


def _cross_entropy(scores: Tensor, truth: Tensor) -> Tensor:
    """Of (rows, words, k) scores and (rows, words) truth, summed over words."""
    return torch.nn.functional.cross_entropy(
        scores.flatten(0, 1), truth.flatten(), ignore_index=IGNORED, reduction="sum"
    )


def _completed(tree: Tree, missing: int) -> Tree:
    """The tree with so many more words of which nothing is said."""
    return metrics.Tree(
        [*tree.heads, *[-1] * missing],
        [*tree.deprels, *[""] * missing],
        [*tree.probabilities, *[0.0] * missing],
    )


def _too_long(row: int, sentence: Sequence[str], read: int, longest: int) -> DataError:
    return DataError(
        "Row {row} is too long to parse: {read} of its {words} words fill {longest} tokens.",
        hint="Part it into sentences, or tune with a larger task.max_length if the base has "
        "positions for more.",
        row=row,
        read=read,
        words=len(sentence),
        longest=longest,
    )
