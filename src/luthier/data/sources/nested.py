"""Rows that stand inside one another."""

from __future__ import annotations

import polars as pl

KEYS = ("title", "context", "question", "answers", "id")


def flattened(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a question, where questions are in paragraphs and those in articles, as in SQuAD."""
    nested = rows.schema.get("paragraphs")
    if not isinstance(nested, pl.List) or not isinstance(nested.inner, pl.Struct):
        return rows
    if not {"context", "qas"} <= {field.name for field in nested.inner.fields}:
        return rows
    flat = [
        {"title": article.get("title"), "context": paragraph["context"], **question}
        for article in rows.iter_rows(named=True)
        for paragraph in article["paragraphs"] or []
        for question in paragraph["qas"] or []
    ]
    return pl.DataFrame({key: pl.Series(key, [row.get(key) for row in flat]) for key in KEYS})
