"""Which format rows are in, and how to write them in another."""

from __future__ import annotations

from collections.abc import Collection
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
from luthier.data.formats.images import Images
from luthier.data.formats.trees import Conll, Conllu
from luthier.data.formats.turns import turn
from luthier.data.images import located
from luthier.data.roles import Role

FORMATS: tuple[Format, ...] = (
    Preference(), Kto(), Messages(), Sharegpt(), Squad(), Conllu(), Conll(), Tokens(), Alpaca(),
    PromptCompletion(), Pairs(), Images(),
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


def recognise(
    rows: pl.DataFrame, folder: Path | None = None, wanted: Collection[str] = ()
) -> Recognised | None:
    """The rows in canonical form, or None if no format fits.

    Args:
        rows: As a source has them.
        folder: Where the names of files in them start; default: the working directory.
        wanted: Canonical columns that a task needs: formats that have exactly these come first,
            then those that have them among others.
    """
    for known in sorted(FORMATS, key=lambda known: _distance(known, wanted)):
        columns = known.match(rows)
        if columns is not None:
            read = known.read(rows, columns)
            if known.family == "image":
                read = read.with_columns(located(read["image"], folder or Path()))
            return Recognised(known.name, known.family, roles_of(known.family), read, columns)
    return None


def _distance(known: Format, wanted: Collection[str]) -> int:
    """How far a format's columns are from those wanted; all the same where none are."""
    if not wanted:
        return 0
    roles = {role.name for role in roles_of(known.family) if role.required}
    return len(roles - set(wanted)) + 100 * len(set(wanted) - roles)


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
    every = rows.to_dicts() if target.family == family else _told(rows, family)
    return target.write(every)


def _told(rows: pl.DataFrame, family: str) -> list[dict[str, Any]]:
    """Canonical rows as those of the kind that ``BRIDGES`` leads to."""
    if family == "parse":
        tags = "entities" if "entities" in rows.columns else "tags"
        return rows.select("tokens", pl.col(tags).alias("tags")).to_dicts()
    asked, answer = ("source", "target") if family == "pairs" else ("text", "label")
    return [
        {"messages": [turn("user", asking), turn("assistant", said)]}
        for asking, said in rows.select(asked, answer).iter_rows()
    ]


BRIDGES = {"pairs": ("chat",), "classify": ("chat",), "parse": ("tag",)}
"""Kinds of rows that can be told as others too: a question and its answer, words and their tags."""


def write_rows(rows: list[dict[str, Any] | None], path: Path, to: str) -> int:
    """Write rows of a format to a file, UTF-8; how many there was no room for.

    Args:
        rows: From :func:`convert`.
        path: The file.
        to: Name of the format.
    """
    written = [format_named(to).as_text(row) for row in rows if row is not None]
    path.write_text("".join(written), encoding="utf-8")
    return len(rows) - len(written)
