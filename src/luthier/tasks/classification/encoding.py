"""Texts, and pairs of texts, as token ids."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from luthier.tasks.task import Batch, Example

TYPES = "token_type_ids"
"""Which of two texts each token is of, for the bases that are told."""


def encode_texts(
    tokenizer: PreTrainedTokenizerBase, texts: list[str], max_length: int
) -> list[Example]:
    """``input_ids`` of each text, its end cut off beyond ``max_length``."""
    ids = tokenizer(texts, truncation=True, max_length=max_length, return_attention_mask=False)
    return [{"input_ids": row} for row in ids["input_ids"]]


def encode_pairs(
    tokenizer: PreTrainedTokenizerBase, texts: list[str], pairs: list[str], max_length: int
) -> list[Example]:
    """``input_ids`` of two texts in one sequence, as the base was pre-trained on them.

    The longer of the two is cut first. ``token_type_ids`` come with them where the base has such.
    Where the tokenizer puts nothing between two texts, :func:`between` stands there.
    """
    mark = between(tokenizer)
    names = ["input_ids", *({TYPES} & set(tokenizer.model_input_names))]
    encoded = tokenizer(
        texts, [mark + pair for pair in pairs],
        truncation="longest_first", max_length=max_length,
        return_attention_mask=False, return_token_type_ids=TYPES in names,
    )  # fmt: skip
    columns = [encoded[name] for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def between(tokenizer: PreTrainedTokenizerBase) -> str:
    """What has to be written between two texts: the tokenizer's separator, or a new line.

    Nothing where the tokenizer marks the border by itself, as those of encoders do.
    """
    alone, both = (tokenizer.num_special_tokens_to_add(pair=pair) for pair in (False, True))
    return "" if both > alone else str(tokenizer.sep_token or "\n")


def padded(rows: Sequence[Sequence[int]], fill: int) -> Tensor:
    """Rows of different length as one tensor (rows, longest), filled up on the right."""
    whole = np.full((len(rows), max(map(len, rows))), fill, dtype=np.int64)
    for place, row in enumerate(rows):
        whole[place, : len(row)] = row
    return torch.from_numpy(whole)


def inputs(tokenizer: PreTrainedTokenizerBase, examples: Sequence[Example]) -> Batch:
    """``input_ids``, ``attention_mask`` and, if the examples have them, ``token_type_ids``.

    Each is (rows, length).
    """
    rows = [example["input_ids"] for example in examples]
    batch = {
        "input_ids": padded(rows, tokenizer.pad_token_id),
        "attention_mask": padded([[1] * len(row) for row in rows], 0),
    }
    if TYPES in examples[0]:
        batch[TYPES] = padded([example[TYPES] for example in examples], 0)
    return batch
