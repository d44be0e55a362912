"""What is foretold of a text, and how a batch of it looks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from luthier.data.packing import IGNORED, Numbers, stack
from luthier.models.families import Family
from luthier.models.model import Head
from luthier.models.processors import config_behind, decoder_start
from luthier.tasks.about import About
from luthier.tasks.modelling.corruption import Masking, Spans, sentinels
from luthier.tasks.task import Example

if TYPE_CHECKING:
    from luthier.tasks.language_model import LanguageModel

Arrays = dict[str, Numbers]


def objective_for(
    config: LanguageModel, tokenizer: PreTrainedTokenizerBase, length: int
) -> Objective:
    """The objective that the recipe names, or that the tokenizer's special tokens speak for.

    Raises:
        ModelError: If the tokenizer has not the special tokens that it needs.
    """
    name = _usual(tokenizer) if config.objective == "auto" else config.objective
    if name == "causal":
        return Causal(tokenizer, length)
    if name == "masked":
        return Masked(tokenizer, length, Masking(tokenizer, config.rate))
    spans = Spans(tokenizer, config.rate, config.span_length, whole=name == "denoise")
    return Spanned(tokenizer, length, spans)


def _usual(tokenizer: PreTrainedTokenizerBase) -> str:
    """The objective that bases with such special tokens are made by."""
    if sentinels(tokenizer):
        return "span"
    if tokenizer.mask_token_id is None:
        return "causal"
    _, family = config_behind(tokenizer)
    return "denoise" if family is Family.ENCODER_DECODER else "masked"


class Objective(ABC):
    """What is foretold.

    Args:
        tokenizer: The base's.
        length: Tokens of a block, special ones included.
    """

    head: ClassVar[Head]
    about: ClassVar[About]
    packs: ClassVar[bool] = False
    """Whether several documents share a block."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, length: int) -> None:
        self.tokenizer, self.length = tokenizer, length
        self.padding = int(tokenizer.pad_token_id or 0)

    @property
    def room(self) -> int:
        """Tokens of a text that a block has room for."""
        return self.length

    def framed(self, ids: list[int]) -> list[int]:
        """A document as it is kept."""
        return ids

    def pieces(self, document: Numbers) -> list[Numbers]:
        """A document to be measured, in pieces."""
        return [document[at : at + self.room] for at in range(0, len(document), self.room)]

    def foretold(self, document: Numbers) -> int:
        """Tokens of a document that could be foretold."""
        return len(document)

    def aligned(self, labels: Tensor) -> Tensor:
        """Labels at the places where the network foretells them: (rows, length)."""
        return labels

    def covered(self, labels: Numbers) -> Numbers:
        """Tokens of the text among the labels (rows, length): (rows,)."""
        counts: Numbers = (labels != IGNORED).sum(axis=1)
        return counts

    @abstractmethod
    def batch(self, examples: Sequence[Example], randoms: Iterable[np.random.Generator]) -> Arrays:
        """Arrays (rows, longest length) of a batch, with ``labels``.

        Args:
            examples: With ``input_ids``.
            randoms: One for each.
        """


class Causal(Objective):
    """Every token from those before it (Radford et al. 2018).

    A document begins with the base's start token, if it has one, and ends with its end token.
    """

    head = Head("AutoModelForCausalLM", {}, "CAUSAL_LM")
    packs = True

    def framed(self, ids: list[int]) -> list[int]:
        """Between the start token and the end token."""
        start, end = self.tokenizer.bos_token_id, self.tokenizer.eos_token_id
        begin = [] if start is None else [start]
        return [*begin, *ids, *([] if end is None else [end])]

    def pieces(self, document: Numbers) -> list[Numbers]:
        """Each begins with the last token of the one before, so that all but one are foretold."""
        step = self.room - 1
        return [document[at : at + self.room] for at in range(0, len(document) - 1, step)]

    def foretold(self, document: Numbers) -> int:
        """All but the first."""
        return len(document) - 1

    def aligned(self, labels: Tensor) -> Tensor:
        """One place further left."""
        last = torch.full_like(labels[:, :1], IGNORED)
        return torch.cat([labels[:, 1:], last], dim=1)

    def covered(self, labels: Numbers) -> Numbers:
        """The labels but the first of each row, which nothing comes before."""
        counts: Numbers = (labels[:, 1:] != IGNORED).sum(axis=1)
        return counts

    def batch(self, examples: Sequence[Example], randoms: Iterable[np.random.Generator]) -> Arrays:
        """``input_ids``, ``position_ids`` that restart with documents, ``labels``."""
        blocks = []
        for example in examples:
            ids = example["input_ids"]
            place = example.get("position_ids")
            place = np.arange(len(ids)) if place is None else place
            labels = np.where(place == 0, IGNORED, ids)
            blocks.append({"input_ids": ids, "position_ids": place, "labels": labels})
        return stack(blocks, self.padding)

    about = About(
        {"en": "language model", "zh": "语言模型"}, "text-generation",
        "from transformers import pipeline\n"
        'generate = pipeline("text-generation", model="model")\n'
        'print(generate("...", max_new_tokens=50, do_sample=True))',
        "from peft import AutoPeftModelForCausalLM\n"
        'model = AutoPeftModelForCausalLM.from_pretrained("model")',
    )  # fmt: skip


class Masked(Objective):
    """Words that are hidden (Devlin et al. 2019)."""

    head = Head("AutoModelForMaskedLM", {}, None)
    about = About(
        {"en": "masked language model", "zh": "掩码语言模型"}, "fill-mask",
        "from transformers import pipeline\n"
        'fill = pipeline("fill-mask", model="model")\n'
        'print(fill("... [MASK] ..."))',
        "from peft import AutoPeftModel\n"
        'model = AutoPeftModel.from_pretrained("model")',
    )  # fmt: skip

    def __init__(self, tokenizer: PreTrainedTokenizerBase, length: int, masking: Masking) -> None:
        super().__init__(tokenizer, length)
        self.masking = masking
        self._before, self._behind = _frame(tokenizer)

    @property
    def room(self) -> int:
        """What special tokens leave."""
        return self.length - len(self._before) - len(self._behind)

    def batch(self, examples: Sequence[Example], randoms: Iterable[np.random.Generator]) -> Arrays:
        """``input_ids``, ``labels`` and, where texts differ in length, ``attention_mask``."""
        read, labels = [], []
        for example, random in zip(examples, randoms, strict=True):
            ids, wanted = self.masking(example["input_ids"], random)
            none = np.full(len(self._before), IGNORED), np.full(len(self._behind), IGNORED)
            read.append(np.concatenate([self._before, ids, self._behind]))
            labels.append(np.concatenate([none[0], wanted, none[1]]))
        return {**_read(read, self.padding), "labels": padded(labels, IGNORED)}


class Spanned(Objective):
    """Spans that are taken out: they are said (Raffel et al. 2020), or all (Lewis et al. 2020)."""

    head = Head("AutoModelForSeq2SeqLM", {}, "SEQ_2_SEQ_LM")
    about = About(
        {"en": "text-to-text base", "zh": "文本到文本基座"}, "text2text-generation",
        "from transformers import AutoModelForSeq2SeqLM, AutoTokenizer\n"
        'tokenizer = AutoTokenizer.from_pretrained("model")\n'
        'model = AutoModelForSeq2SeqLM.from_pretrained("model")',
        "from peft import AutoPeftModelForSeq2SeqLM\n"
        'model = AutoPeftModelForSeq2SeqLM.from_pretrained("model")',
    )  # fmt: skip

    def __init__(self, tokenizer: PreTrainedTokenizerBase, length: int, spans: Spans) -> None:
        super().__init__(tokenizer, length)
        self.spans = spans
        self._before, self._behind = _frame(tokenizer)
        self._start = np.array([decoder_start(config_behind(tokenizer)[0], self.padding)])

    @property
    def room(self) -> int:
        """What special tokens leave."""
        return self.length - len(self._before) - len(self._behind)

    def covered(self, labels: Numbers) -> Numbers:
        """The labels that are neither marks nor special tokens."""
        no_text = [IGNORED, *self._before, *self._behind, *self.spans.marks]
        counts: Numbers = (~np.isin(labels, no_text)).sum(axis=1)
        return counts

    def batch(self, examples: Sequence[Example], randoms: Iterable[np.random.Generator]) -> Arrays:
        """``input_ids``, ``decoder_input_ids``, ``labels``; ``attention_mask`` as for masked."""
        read, labels = [], []
        for example, random in zip(examples, randoms, strict=True):
            ids, said = self.spans(example["input_ids"], random)
            read.append(np.concatenate([self._before, ids, self._behind]))
            labels.append(np.concatenate([self._before, said, self._behind]))
        before = [np.concatenate([self._start, said[:-1]]) for said in labels]
        return {
            **_read(read, self.padding),
            "decoder_input_ids": padded(before, self.padding),
            "labels": padded(labels, IGNORED),
        }


def _frame(tokenizer: PreTrainedTokenizerBase) -> tuple[Numbers, Numbers]:
    """Special tokens before a text and behind it; a single one ends it."""
    framed = np.array(tokenizer("")["input_ids"], dtype=np.int64)
    middle = len(framed) // 2
    return framed[:middle], framed[middle:]


def _read(rows: Sequence[Numbers], padding: int) -> Arrays:
    """``input_ids``, and a mask only where something is to be masked."""
    made = {"input_ids": padded(rows, padding)}
    if len({len(row) for row in rows}) > 1:
        made["attention_mask"] = padded([np.ones(len(row), dtype=np.int64) for row in rows], 0)
    return made


def padded(rows: Sequence[Numbers], padding: Any) -> Numbers:
    """Rows of different lengths in one array: (rows, longest)."""
    table = np.full((len(rows), max(map(len, rows))), padding, dtype=np.int64)
    for number, row in enumerate(rows):
        table[number, : len(row)] = row
    return table
