"""Which format rows are in, and how to write them in another."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from luthier.core.errors import DataError
from luthier.core.names import nearest
from luthier.data.formats.annotations import Pairs, Squad, Tokens
from luthier.data.formats.choices import Kto, Preference
from luthier.data.formats.dialogues import Alpaca, Messages, PromptCompletion, Sharegpt
from luthier.data.formats.families import roles_of
from luthier.data.formats.format import Columns, Format
from luthier.data.formats.turns import turn
from luthier.data.roles import Role

FORMATS: tuple[Format, ...] = (
    Preference(), Kto(), Messages(), Sharegpt(), Squad(), Tokens(), Alpaca(), PromptCompletion(),
    Pairs(),
)  # fmt: skip
"""The narrower ones first: who has columns ``chosen`` and ``rejected`` has dialogues too."""


@dataclass(frozen=True)
class Recognised:
    """Rows in canonical form."""

    format: str
    family: str
    roles: tuple[Role, ...]
    rows: pl.DataFrame
    """Canonical columns; null where a row is not sound."""
    columns: Columns
    """Canonical name to the source's column."""


def recognise(rows: pl.DataFrame) -> Recognised | None:
    """The rows in canonical form, or None if no format fits.

    Args:
        rows: As a source has them.
    """
    rows = _flattened(rows)
    for known in FORMATS:
        columns = known.match(rows)
        if columns is not None:
            read = known.read(rows, columns)
            return Recognised(known.name, known.family, roles_of(known.family), read, columns)
    return None


def format_named(name: str) -> Format:
    """The format of this name.

    Raises:
        DataError: If there is none, with the nearest name.
    """
    found = next((known for known in FORMATS if known.name == name), None)
    if found is None:
        names = [known.name for known in FORMATS]
        near = nearest(name, names)
        raise DataError(
            "There is no format '{name}' to write rows in.",
            where="--to",
            hint="Did you mean '{near}'?" if near else "There are: {known}.",
            name=name,
            near=near,
            known=", ".join(names),
        )
    return found


def convert(rows: pl.DataFrame, family: str, to: str) -> list[dict[str, Any] | None]:
    """Canonical rows in another format; None for those that it has no room for.

    Args:
        rows: In canonical form.
        family: Their kind.
        to: Name of a format.

    Raises:
        DataError: If that format is for rows of another kind.
    """
    target = format_named(to)
    if target.family not in (family, *BRIDGES.get(family, ())):
        able = [
            known.name for known in FORMATS if known.family in (family, *BRIDGES.get(family, ()))
        ]
        raise DataError(
            "Rows of kind {family} cannot be written as '{name}'.",
            where="--to",
            hint="They can be written as: {able}.",
            family=family,
            name=to,
            able=", ".join(able) or "-",
        )
    every: list[dict[str, Any]] = rows.to_dicts()
    if target.family != family:
        asked, answer = ("source", "target") if family == "pairs" else ("text", "label")
        every = [
            {"messages": [turn("user", row[asked]), turn("assistant", row[answer])]}
            for row in every
        ]
    return target.write(every)


BRIDGES = {"pairs": ("chat",), "classify": ("chat",)}
"""Kinds of rows that can be told as a dialogue too: a question and its answer."""


def write_lines(rows: list[dict[str, Any] | None], path: Path) -> int:
    """Write rows as JSON lines, UTF-8; how many there was no room for."""
    kept = [row for row in rows if row is not None]
    lines = (json.dumps(row, ensure_ascii=False, default=str) for row in kept)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return len(rows) - len(kept)


def _flattened(rows: pl.DataFrame) -> pl.DataFrame:
    """SQuAD's own files have paragraphs in articles and questions in paragraphs."""
    if "paragraphs" not in rows.columns:
        return rows
    flat = [
        {"title": article.get("title"), "context": paragraph["context"], **question}
        for article in rows.iter_rows(named=True)
        for paragraph in article["paragraphs"] or []
        for question in paragraph["qas"] or []
    ]
    keys = ("title", "context", "question", "answers", "id")
    return pl.DataFrame({key: pl.Series(key, [row.get(key) for row in flat]) for key in keys})
