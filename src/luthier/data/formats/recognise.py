"""Which format rows are in."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

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
