"""Rows of plain text as documents."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
from transformers import PreTrainedTokenizerBase

from luthier.data.roles import ROW, SOURCE

CHUNK = 256
"""Documents that are tokenized at a time."""


def documents(rows: pl.DataFrame, *, join: bool) -> pl.Series:
    """The text of each document.

    Args:
        rows: ``text``, ``_source`` and ``_row``.
        join: Whether rows that follow each other in a source are one document, as the paragraphs
            of a book are.
    """
    texts = rows["text"].fill_null("")
    if not join or SOURCE not in rows.columns:
        return texts
    ordered = rows.select(SOURCE, ROW, texts.alias("text")).sort(SOURCE, ROW)
    begins = (pl.col(SOURCE) != pl.col(SOURCE).shift()) | (pl.col(ROW) != pl.col(ROW).shift() + 1)
    numbered = ordered.with_columns(begins.fill_null(True).cum_sum().alias("document"))
    joined = numbered.group_by("document", maintain_order=True).agg(pl.col("text").str.join("\n"))
    return joined["text"]


def tokenized(tokenizer: PreTrainedTokenizerBase, texts: pl.Series) -> Iterator[list[int]]:
    """The token ids of each text, without special tokens; never many texts at a time."""
    for start in range(0, len(texts), CHUNK):
        part = texts.slice(start, CHUNK).to_list()
        yield from tokenizer(part, add_special_tokens=False, verbose=False)["input_ids"]
