"""Questions and contexts as token ids: a long context in windows that overlap.

A window knows which characters of the context each of its tokens stands for, whatever the
tokenizer makes of them, so that an answer is a piece of the context itself.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from luthier.core.errors import ModelError
from luthier.tasks.classification.encoding import TYPES, between
from luthier.tasks.task import Example

QUESTION = 64
"""Tokens kept of a question, as in BERT's script (Devlin et al. 2019); at most half a window."""

CHUNK = 1000
"""Rows whose characters are held at a time as the tokenizer gives them."""

MARKS = ("Mn", "Me")
"""Unicode categories of what is written onto the character before."""

Span = tuple[int, int]
"""First character, and the one after the last."""

Offsets = NDArray[np.int32]
"""(tokens, 2): the characters of the context that each token stands for."""


@dataclass(frozen=True)
class Windows:
    """How contexts are cut.

    Args:
        tokenizer: The base's.
        max_length: Tokens of a window, question and special ones included.
        stride: Tokens that a window shares with the next.

    Raises:
        ModelError: If the tokenizer does not tell where its tokens stand.
    """

    tokenizer: PreTrainedTokenizerBase
    max_length: int
    stride: int

    def __post_init__(self) -> None:
        if not self.tokenizer.is_fast:
            raise ModelError(
                "The base's tokenizer does not tell which characters a token stands for, so no "
                "answer can be cut out of a text.",
                hint="Choose a base with a tokenizer.json.",
            )

    def encode(self, questions: Sequence[str], contexts: Sequence[str]) -> Iterator[Example]:
        """The windows of every row, in order, the whole context of each in them.

        An example has ``input_ids``, perhaps ``token_type_ids``, ``row`` (from 0), ``first`` (the
        place of the first token of the context), ``offsets`` (:data:`Offsets` of the context's
        tokens), ``begins`` and ``ends`` (whether the context does with the window).
        """
        for start in range(0, len(questions), CHUNK):
            some = slice(start, start + CHUNK)
            yield from self._encode(questions[some], contexts[some], start)

    def _encode(
        self, questions: Sequence[str], contexts: Sequence[str], start: int
    ) -> Iterator[Example]:
        names = ["input_ids", *({TYPES} & set(self.tokenizer.model_input_names))]
        room = self.max_length - self.tokenizer.num_special_tokens_to_add(pair=True)
        limit = min(QUESTION, room // 2)
        encoded = self.tokenizer(
            self._cut(questions, limit), list(contexts),
            truncation="only_second", max_length=self.max_length,
            stride=min(self.stride, (room - limit) // 2),
            return_overflowing_tokens=True, return_offsets_mapping=True,
            return_attention_mask=False, return_token_type_ids=TYPES in names,
        )  # fmt: skip
        rows = encoded["overflow_to_sample_mapping"]
        columns = [encoded[name] for name in names]
        for window, (row, offsets) in enumerate(zip(rows, encoded["offset_mapping"], strict=True)):
            second = [place for place, of in enumerate(encoded.sequence_ids(window)) if of == 1]
            first = second[0] if second else 0
            yield {
                **{name: column[window] for name, column in zip(names, columns, strict=True)},
                "row": start + row,
                "first": first,
                "offsets": np.array(offsets[first : first + len(second)], dtype=np.int32).reshape(
                    -1, 2
                ),
                "begins": window == 0 or rows[window - 1] != row,
                "ends": window == len(rows) - 1 or rows[window + 1] != row,
            }

    def _cut(self, questions: Sequence[str], limit: int) -> list[str]:
        """Questions of at most so many tokens, and what has to stand between two texts."""
        mark = between(self.tokenizer)
        offsets = self.tokenizer(
            list(questions), add_special_tokens=False, return_offsets_mapping=True,
            return_attention_mask=False, verbose=False,
        )["offset_mapping"]  # fmt: skip
        return [
            (text if len(places) <= limit else text[: places[limit - 1][1]]) + mark
            for text, places in zip(questions, offsets, strict=True)
        ]


def find(example: Example, answer: Span) -> Span | None:
    """The first and last token of an answer, by their places in the window; None if it lacks some.

    They are the tokens that hold characters of the answer, which may hold others beside.
    """
    starts, ends = example["offsets"].T
    first = int(np.searchsorted(ends, answer[0], side="right"))
    last = int(np.searchsorted(starts, answer[1], side="left")) - 1
    if first > last:
        return None
    before = first == 0 and not example["begins"] and starts[0] > answer[0]
    after = last == len(ends) - 1 and not example["ends"] and ends[-1] < answer[1]
    shift = int(example["first"])
    return None if before or after else (first + shift, last + shift)


def trimmed(context: str, span: Span) -> Span:
    """The characters without white space around, and with the marks on the last one.

    Tokens of some vocabularies take in white space, and those of others leave accents out.
    """
    said = context[slice(*span)]
    start, end = span[0] + len(said) - len(said.lstrip()), span[0] + len(said.rstrip())
    while start < end < len(context) and unicodedata.category(context[end]) in MARKS:
        end += 1
    return start, max(start, end)
