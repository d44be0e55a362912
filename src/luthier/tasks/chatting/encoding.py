"""Conversations as token ids, with labels of what the assistant says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import torch

from luthier.core.errors import ModelError
from luthier.data import packing
from luthier.metrics import Written
from luthier.tasks.chatting.template import Piece, Turn, last_answer
from luthier.tasks.task import IGNORED, Batch, Example
from luthier.tasks.writing.batches import TRAINED, Signs, filled, given

if TYPE_CHECKING:
    from luthier.tasks.chatting.chatter import Chatter

Conversation = tuple[list[Turn], str | None]
"""Turns, and JSON of the tools that may be called."""


def check_decoder(signs: Signs) -> None:
    """Refuse bases that do not go on with a text.

    Raises:
        ModelError: If the base is an encoder-decoder.
    """
    if signs.start is not None:
        raise ModelError(
            "The base is an encoder-decoder: the task chat goes on with a text, as decoders do.",
            where="base",
            hint="Take a decoder such as GPT, Llama or Qwen, or the task generate.",
        )


def conversations(rows: pl.DataFrame) -> list[Conversation]:
    """The turns of each row, and its tools."""
    turns = [row or [] for row in rows["messages"].to_list()]
    has = "tools" in rows.columns and rows["tools"].dtype == pl.String
    tools = rows["tools"].to_list() if has else [None] * len(turns)
    return list(zip(turns, tools, strict=True))


def encoded(task: Chatter, found: Sequence[Conversation], *, learn: bool) -> Iterator[Example]:
    """The examples of each conversation: see :meth:`Chatter.encode`.

    Args:
        task: Whose.
        found: The conversations.
        learn: Whether the assistant's turns are known; else the next one is asked for.
    """
    last = task.config.learn_turns == "last"
    for row, (turns, tools) in enumerate(found):
        if not learn:
            prompt = task.prompt(turns, tools)
            yield {"row": row, "input_ids": prompt, "prompt": prompt}
            continue
        pieces = task.template.pieces(turns, tools, last=last)
        for piece in pieces or [Piece("", (), last_answer(turns))]:
            prompt = task.prompt(turns[: piece.asked], tools)
            yield {"row": row, **_labelled(task, piece), "prompt": prompt}


def _labelled(task: Chatter, piece: Piece) -> Example:
    """Token ids of a text, and the labels of those in its learned spans.

    What a template writes behind the token that ends a turn is not learned: nothing is written
    after it.
    """
    tokens = task.tokenizer(
        piece.text, add_special_tokens=False, return_offsets_mapping=True, verbose=False
    )
    ids = np.array(tokens["input_ids"], dtype=np.int64)
    places = np.array(tokens["offset_mapping"], dtype=np.int64).reshape(-1, 2)
    labels = np.full(len(ids), IGNORED)
    ends = np.isin(ids, sorted(task.ends))
    for start, end in piece.learned:
        inside = np.flatnonzero((places[:, 0] >= start) & (places[:, 1] <= end))
        stops = inside[ends[inside]]
        inside = inside[inside <= stops[-1]] if len(stops) else inside
        labels[inside] = ids[inside]
    if not len(ids):
        ids, labels = np.array([task.signs.end]), np.array([IGNORED])
    most = task.max_length
    return {"input_ids": ids[:most].tolist(), "labels": labels[:most].tolist()}


def to_train(signs: Signs, examples: Sequence[Example], size: int | None) -> Batch:
    """``input_ids`` and ``labels``, (rows, length), with ``attention_mask``; or packed in blocks.

    Packed blocks have ``position_ids`` that begin anew with each conversation, by which the network
    knows that they do not see each other.

    Args:
        signs: Of the base.
        examples: Of one micro-batch.
        size: Tokens of a block; None: a row for each example.
    """
    if size is None:
        ids, labels = ([example[name] for example in examples] for name in ("input_ids", "labels"))
        return {**given(ids, signs.padding), "labels": filled(labels, IGNORED)}
    blocks = packing.fill_blocks([len(example["input_ids"]) for example in examples], size)
    joined = [packing.join([examples[number] for number in block]) for block in blocks]
    stacked = packing.stack(joined, signs.padding)
    return {name: torch.from_numpy(values) for name, values in stacked.items()}


def to_write(signs: Signs, examples: Sequence[Example]) -> Batch:
    """Prompts filled up on the left, and beside them what is learned where known."""
    batch = given([example["prompt"] for example in examples], signs.padding, left=True)
    if "labels" in examples[0]:
        learned = to_train(signs, examples, None)
        batch |= {f"{TRAINED}{name}": part for name, part in learned.items()}
    return batch


def gathered(decoded: Sequence[Written], examples: Sequence[Example]) -> list[Written]:
    """One for each conversation: the last answer, with the loss of all examples."""
    pairs = zip(examples, decoded, strict=True)
    rows = []
    for _, group in groupby(pairs, key=lambda pair: int(pair[0]["row"])):
        parts: list[Any] = [one for _, one in group]
        rows.append(
            parts[-1]._replace(
                loss=sum(one.loss for one in parts), tokens=sum(one.tokens for one in parts)
            )
        )
    return rows


def answered(turns: Sequence[Turn]) -> tuple[str, str]:
    """What the assistant says last, and what was said before; empty where there is nothing."""
    place = last_answer(turns)
    answer = turns[place]["content"] or "" if place < len(turns) else ""
    asked = turns[place - 1]["content"] or "" if place else ""
    return answer, asked
