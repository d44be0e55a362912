"""Sentences of words as token ids, and which of them make each word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from luthier.core.errors import ModelError

Span = tuple[int, int]


@dataclass(frozen=True)
class Sentence:
    """A sentence as the network reads it."""

    ids: list[int]
    """Token ids, special ones included."""
    spans: list[Span]
    """First token of each word that is read, and the one after its last."""


def encode_words(
    tokenizer: PreTrainedTokenizerBase, sentences: Sequence[Sequence[str]], max_length: int
) -> list[Sentence]:
    """Sentences as token ids; words that are not whole within ``max_length`` are not read.

    Words of which the tokenizer leaves nothing, such as marks that have no width, are read as
    unknown ones.

    Raises:
        ModelError: If the tokenizer cannot tell the tokens of a word.
    """
    if not tokenizer.is_fast:
        raise ModelError(
            "The base's tokenizer does not tell which tokens make a word.",
            hint="Choose a base with a tokenizer.json.",
        )
    if not sentences:
        return []
    space = " " if _needs_space(tokenizer) else ""
    spoken = [[f"{space}{word}" for word in sentence] for sentence in sentences]
    found = _tokenized(tokenizer, spoken)
    unread = [row for row, (_, spans) in enumerate(found) if len(spans) < len(sentences[row])]
    unknown = str(tokenizer.unk_token or "?")
    for row in unread:
        spans = found[row][1]
        words = [word if n in spans else unknown for n, word in enumerate(spoken[row])]
        (found[row],) = _tokenized(tokenizer, [words])
    return [_cut(ids, [spans[n] for n in sorted(spans)], max_length) for ids, spans in found]


def _tokenized(
    tokenizer: PreTrainedTokenizerBase, sentences: Sequence[Sequence[str]]
) -> list[tuple[list[int], dict[int, Span]]]:
    """Ids, and the span of each word that has any."""
    encoded = tokenizer(
        list(map(list, sentences)),
        is_split_into_words=True, return_attention_mask=False, verbose=False,
    )  # fmt: skip
    return [(ids, _spans(encoded.word_ids(row))) for row, ids in enumerate(encoded["input_ids"])]


def _spans(words: Sequence[int | None]) -> dict[int, Span]:
    spans: dict[int, Span] = {}
    for place, word in enumerate(words):
        if word is not None:
            spans[word] = (spans.get(word, (place, 0))[0], place + 1)
    return spans


def _cut(ids: list[int], spans: list[Span], max_length: int) -> Sentence:
    """As many whole words as there is room for, with the special tokens at both ends."""
    if len(ids) <= max_length:
        return Sentence(ids, spans)
    end = spans[-1][1]
    kept = [span for span in spans if span[1] <= max_length - (len(ids) - end)]
    return Sentence(ids[: kept[-1][1] if kept else spans[0][0]] + ids[end:], kept)


def _needs_space(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether words of a text have a space in them, as those of GPT-2, and lists of words none."""
    text = tokenizer("a a", add_special_tokens=False)["input_ids"]
    words = tokenizer(["a", "a"], is_split_into_words=True, add_special_tokens=False)["input_ids"]
    return bool(text != words)


def padded_spans(rows: Sequence[Sequence[Span]]) -> Tensor:
    """(rows, words, 2), filled up with words that have no tokens."""
    whole = np.zeros((len(rows), max(1, *map(len, rows)), 2), dtype=np.int64)
    for place, spans in enumerate(rows):
        if spans:
            whole[place, : len(spans)] = spans
    return torch.from_numpy(whole)
