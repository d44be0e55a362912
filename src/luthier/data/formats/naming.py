"""Columns of recognised rows under the names that a task has for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from luthier.data.columns import list_column
from luthier.data.formats.recognise import Recognised
from luthier.data.roles import Role
from luthier.data.sources import Raw


def as_named(known: Recognised, raw: Raw, wanted: Sequence[Role]) -> Recognised:
    """The rows with a column of its own for each role whose column the task names.

    Such a column is one of the format's, by its canonical name or that in the source; or another
    of the source with lists, of which those count that are as long as the words.

    Args:
        known: The rows as their format has them.
        raw: The source they are of.
        wanted: What the task needs.

    Raises:
        DataError: If there is no such column.
    """
    rows, columns, roles = known.rows, dict(known.columns), list(known.roles)
    called_otherwise = set()
    for role in (role for role in wanted if len(role.synonyms) == 1):
        asked = role.synonyms[0].casefold()
        found = (c for c, column in known.columns.items() if asked in (c, column.casefold()))
        canonical = next(found, None)
        if canonical == role.name:
            continue
        if canonical is not None:
            values, columns[role.name] = known.rows[canonical], known.columns[canonical]
            called_otherwise.add(canonical)
        else:
            values, columns[role.name] = _of_words(raw, role, known)
        rows = rows.with_columns(values.alias(role.name))
        roles = [other for other in roles if other.name != role.name] + [role]
    dropped = called_otherwise - {role.name for role in wanted}
    kept = tuple(role for role in roles if role.name not in dropped)
    columns = {name: column for name, column in columns.items() if name not in dropped}
    return replace(known, rows=rows, columns=columns, roles=kept)


def _of_words(raw: Raw, role: Role, known: Recognised) -> tuple[pl.Series, str]:
    """A column of lists, null where they are not as long as the words; and its name."""
    values, column = list_column(raw, role)
    as_long = values.list.len() == known.rows["tokens"].list.len()
    return pl.select(pl.when(as_long).then(values)).to_series(), column
