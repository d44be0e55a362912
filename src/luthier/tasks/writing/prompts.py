"""Rows as they are put to a model, cut where they are too long."""

from __future__ import annotations

import polars as pl
from transformers import PreTrainedTokenizerBase

from luthier.tasks.writing.templates import fields

CHUNK = 1000


def rendered(template: str, rows: pl.DataFrame) -> list[str]:
    """The template with the columns of each row filled in; a missing value is empty."""
    names = fields(template)
    columns = (_texts(rows, name) for name in names)
    filled = (dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))
    return [template.format(**values) for values in filled]


def prompt_ids(
    tokenizer: PreTrainedTokenizerBase, template: str, rows: pl.DataFrame, most: int
) -> list[list[int]]:
    """Token ids of each row's prompt, at most so many, the tokenizer's own signs included.

    Of a longer one the longest column loses its end, until what is left fits; what the template
    itself says is cut only if it alone is too long.
    """
    texts = rendered(template, rows)
    ids: list[list[int]] = []
    for start in range(0, len(texts), CHUNK):
        part = tokenizer(texts[start : start + CHUNK], return_attention_mask=False, verbose=False)
        ids += part["input_ids"]
    for number, row in enumerate(ids):
        if len(row) > most:
            values = {name: _texts(rows[number], name)[0] for name in fields(template)}
            ids[number] = _cut(tokenizer, template, values, most, len(row))
    return ids


def _cut(
    tokenizer: PreTrainedTokenizerBase, template: str, values: dict[str, str], most: int, now: int
) -> list[int]:
    while True:
        name = max(values, key=lambda one: len(values[one]))
        offsets = tokenizer(
            values[name], add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )["offset_mapping"]
        keep = len(offsets) - (now - most)
        values[name] = values[name][: offsets[keep - 1][1]].rstrip() if keep > 0 else ""
        text = template.format(**values)
        ids: list[int] = tokenizer(text, verbose=False)["input_ids"]
        now = len(ids)
        if now <= most:
            return ids
        if not any(values.values()):
            cut: list[int] = tokenizer(text, truncation=True, max_length=most)["input_ids"]
            return cut


def _texts(rows: pl.DataFrame, name: str) -> list[str]:
    return rows[name].cast(pl.String).fill_null("").to_list()
