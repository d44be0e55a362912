"""Sentences of words as token ids, cut to what the base can read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from luthier.tasks.words.pieces import Sentence, Span, read_words


def encode_words(
    tokenizer: PreTrainedTokenizerBase, sentences: Sequence[Sequence[str]], max_length: int
) -> list[Sentence]:
    """Sentences as token ids; words that are not whole within ``max_length`` are not read.

    Words of which the tokenizer leaves nothing, such as marks that have no width, are read as
    unknown ones.

    Raises:
        ModelError: If the tokenizer cannot tell the tokens of a word.
    """
    read = read_words(tokenizer, sentences)
    return [_cut(one.ids, one.spans, max_length) for one in read]


def _cut(ids: list[int], spans: list[Span], max_length: int) -> Sentence:
    """As many whole words as there is room for, with the special tokens at both ends."""
    if len(ids) <= max_length:
        return Sentence(ids, spans)
    end = spans[-1][1]
    kept = [span for span in spans if span[1] <= max_length - (len(ids) - end)]
    return Sentence(ids[: kept[-1][1] if kept else spans[0][0]] + ids[end:], kept)


def padded_spans(rows: Sequence[Sequence[Span]]) -> Tensor:
    """(rows, words, 2), filled up with words that have no tokens."""
    whole = np.zeros((len(rows), max(1, *map(len, rows)), 2), dtype=np.int64)
    for place, spans in enumerate(rows):
        if spans:
            whole[place, : len(spans)] = spans
    return torch.from_numpy(whole)
