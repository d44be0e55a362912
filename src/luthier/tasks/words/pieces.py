"""Sentences of words as token ids, and which of them make each word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from transformers import PreTrainedTokenizerBase

from luthier.core.errors import ModelError

Span = tuple[int, int]

CHUNK = 1000
"""Sentences that are tokenized at a time."""


@dataclass(frozen=True)
class Sentence:
    """A sentence as the network reads it."""

    ids: list[int]
    """Token ids, special ones included."""
    spans: list[Span]
    """First token of each word that is read, and the one after its last."""


def read_words(
    tokenizer: PreTrainedTokenizerBase, sentences: Sequence[Sequence[str]]
) -> Iterator[Sentence]:
    """Sentences as token ids, whole, however long.

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
    space = " " if _needs_space(tokenizer) else ""
    unknown = str(tokenizer.unk_token or "?")
    for start in range(0, len(sentences), CHUNK):
        some = sentences[start : start + CHUNK]
        spoken = [[f"{space}{word}" for word in sentence] for sentence in some]
        for words, (ids, spans) in zip(spoken, _tokenized(tokenizer, spoken), strict=True):
            if len(spans) < len(words):
                read = [word if n in spans else unknown for n, word in enumerate(words)]
                ((ids, spans),) = _tokenized(tokenizer, [read])
            yield Sentence(ids, [spans[n] for n in range(len(words))])


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


def _needs_space(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether words of a text have a space in them, as those of GPT-2, and lists of words none."""
    text = tokenizer("a a", add_special_tokens=False)["input_ids"]
    words = tokenizer(["a", "a"], is_split_into_words=True, add_special_tokens=False)["input_ids"]
    return bool(text != words)
