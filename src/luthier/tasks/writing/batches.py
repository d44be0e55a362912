"""Prompts and targets as tensors: to train on, to write from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from luthier.core.errors import ModelError
from luthier.models.families import Family
from luthier.models.processors import config_behind, decoder_start
from luthier.tasks.task import IGNORED, Batch, Example

TRAINED = "_trained_"
"""Before the names of what the network is given to train, in batches to write from."""


@dataclass(frozen=True)
class Signs:
    """Tokens that are not text, of a base and its tokenizer."""

    family: Family
    """A decoder, or an encoder-decoder."""
    end: int
    """Ends what is written."""
    padding: int
    """Fills rows up."""
    start: int | None
    """What a decoder behind an encoder begins with."""

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerBase) -> Signs:
        """Those of the base that a tokenizer was loaded with.

        Raises:
            ModelError: If it is a base that does not write, or has no token to end a text.
        """
        config, family = config_behind(tokenizer)
        if family is Family.ENCODER:
            raise ModelError(
                "The base is an encoder ({kind}): it reads texts and writes none.",
                where="base",
                hint="Take an encoder-decoder such as T5, or a decoder such as GPT or Llama.",
                kind=config.model_type,
            )
        end = tokenizer.eos_token_id
        end = tokenizer.sep_token_id if end is None else end
        if end is None:
            raise ModelError(
                "The base's tokenizer has no token that ends a text.",
                where="base",
                hint="Set eos_token in its tokenizer_config.json.",
            )
        padding = tokenizer.pad_token_id
        padding = end if padding is None else padding
        behind = family is Family.ENCODER_DECODER
        start = decoder_start(config, padding) if behind else None
        return cls(family, int(end), int(padding), start)

    def generation(self) -> dict[str, Any]:
        """What generation must know of them, by transformers' names."""
        known = {"eos_token_id": self.end, "pad_token_id": self.padding}
        return known if self.start is None else {**known, "decoder_start_token_id": self.start}


def target_ids(
    tokenizer: PreTrainedTokenizerBase, signs: Signs, texts: Sequence[str], most: int
) -> list[tuple[list[int], int]]:
    """Token ids of each target with the end token, and how many they were before the cut.

    A target that is cut has no end token: the model would learn to end in the middle.
    """
    own = signs.family is Family.ENCODER_DECODER
    ids = tokenizer(
        text_target=list(texts), add_special_tokens=own, return_attention_mask=False, verbose=False
    )["input_ids"]
    whole = [row if row[-1:] == [signs.end] else [*row, signs.end] for row in ids]
    return [(row[:most], len(row)) for row in whole]


def to_train(signs: Signs, examples: Sequence[Example]) -> Batch:
    """What a network is trained on: ``input_ids``, ``attention_mask``, ``labels``, (rows, length).

    A decoder reads prompt and target in one; behind an encoder it has ``decoder_input_ids``.
    """
    targets = [example["labels"] for example in examples]
    prompts = [example["input_ids"] for example in examples]
    if signs.start is not None:
        shifted = [[signs.start, *row[:-1]] for row in targets]
        return {
            **given(prompts, signs.padding),
            "decoder_input_ids": filled(shifted, signs.padding),
            "labels": filled(targets, IGNORED),
        }
    both = [[*prompt, *row] for prompt, row in zip(prompts, targets, strict=True)]
    masked = [
        [*[IGNORED] * len(prompt), *row] for prompt, row in zip(prompts, targets, strict=True)
    ]
    return {**given(both, signs.padding), "labels": filled(masked, IGNORED)}


def to_write(signs: Signs, examples: Sequence[Example]) -> Batch:
    """Prompts to write from, those of decoders filled up on the left; with targets, also these."""
    prompts = [example["input_ids"] for example in examples]
    batch = given(prompts, signs.padding, left=signs.start is None)
    if "labels" in examples[0]:
        batch |= {f"{TRAINED}{name}": part for name, part in to_train(signs, examples).items()}
    return batch


def trained_part(batch: Batch) -> Batch:
    """The targets of a batch to write from, as :func:`to_train` has them; empty without any."""
    return {
        name.removeprefix(TRAINED): part for name, part in batch.items() if name.startswith(TRAINED)
    }


def predicted(signs: Signs, logits: Any, labels: Tensor) -> tuple[Any, Tensor]:
    """Logits beside the labels that they are for: a decoder's stand one place before them.

    The logits stay as they are, for they may not be computed yet.
    """
    if signs.start is not None:
        return logits, labels
    return logits, torch.nn.functional.pad(labels[:, 1:], (0, 1), value=IGNORED)


def given(rows: Sequence[Sequence[int]], padding: int, *, left: bool = False) -> Batch:
    """``input_ids`` and ``attention_mask`` of rows, (rows, longest) each."""
    mask = [[1] * len(row) for row in rows]
    return {
        "input_ids": filled(rows, padding, left=left),
        "attention_mask": filled(mask, 0, left=left),
    }


def filled(rows: Sequence[Sequence[int]], fill: int, *, left: bool = False) -> Tensor:
    """Rows of different length as one tensor (rows, longest)."""
    longest = max(map(len, rows))
    whole = np.full((len(rows), longest), fill, dtype=np.int64)
    for place, row in enumerate(rows):
        start = longest - len(row) if left else 0
        whole[place, start : start + len(row)] = row
    return torch.from_numpy(whole)
