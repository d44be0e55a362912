"""From a source's columns to the roles a task needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from luthier.core.errors import DataError
from luthier.core.names import nearest
from luthier.data.roles import Role
from luthier.data.sources import Raw


def map_columns(
    raw: Raw, roles: Sequence[Role], mapping: Mapping[str, str], *, labelled: bool = True
) -> tuple[pl.DataFrame, dict[str, str]]:
    """The role columns of a source, and which column each came from.

    A role's column is the one the recipe maps, else the first of its own name and its
    synonyms that the source has, whatever the case; for text also the only column of
    text that is left.

    Args:
        raw: The source.
        roles: What the task needs.
        mapping: Role to column, from the recipe.
        labelled: Whether roles other than text are needed too.

    Raises:
        DataError: If a column is missing, with the nearest name.
    """
    found: dict[str, str] = {}
    for role in roles:
        column = _find(raw, role, mapping)
        if column is not None:
            found[role.name] = column
    text = next((role for role in roles if role.kind == "text"), None)
    if text and text.name not in found:
        rest = [c for c, t in raw.rows.schema.items() if t == pl.String and c not in found.values()]
        if len(rest) == 1:
            found[text.name] = rest[0]
            raw.notes.append(f"column '{rest[0]}' is taken as {text.name}")
    for role in roles:
        needed = role.required and (labelled or role.kind == "text")
        if role.name not in found and needed:
            raise _missing(raw, role)
    columns = [
        _as_role(raw, column, role).alias(role.name) for role, column in _pairs(roles, found)
    ]
    return raw.rows.select(columns), found


def _pairs(roles: Sequence[Role], found: Mapping[str, str]) -> list[tuple[Role, str]]:
    return [(role, found[role.name]) for role in roles if role.name in found]


def _find(raw: Raw, role: Role, mapping: Mapping[str, str]) -> str | None:
    columns = raw.rows.columns
    if role.name in mapping:
        wanted = mapping[role.name]
        if wanted not in columns:
            raise _no_column(raw, wanted)
        return wanted
    by_folded = {column.strip().casefold(): column for column in reversed(columns)}
    if len(role.synonyms) == 1 and role.synonyms[0] not in columns:
        raise _no_column(raw, role.synonyms[0])
    for name in (*role.synonyms[:1], role.name, *role.synonyms[1:]):
        if name.casefold() in by_folded:
            return by_folded[name.casefold()]
    return None


def _as_role(raw: Raw, column: str, role: Role) -> pl.Expr:
    """The column as text (or lists of text for several labels).

    Raises:
        DataError: If it holds something nested where text is needed.
    """
    kind = raw.rows.schema[column]
    if isinstance(kind, pl.List) and role.kind == "labels":
        return pl.col(column).list.eval(pl.element().cast(pl.String))
    if kind.is_nested() or kind in (pl.Binary, pl.Object):
        raise DataError(
            "The column '{column}' holds {kind}, but {role} needs text.",
            where=raw.name,
            hint="Map another column: data.columns.{role}=NAME",
            column=column,
            kind=str(kind),
            role=role.name,
        )
    if kind.is_float() and _is_whole(raw.rows[column]):
        return pl.col(column).cast(pl.Int64).cast(pl.String)
    return pl.col(column).cast(pl.String)


def _is_whole(values: pl.Series) -> bool:
    finite = values.drop_nulls().drop_nans()
    return bool((finite.abs() < 2**53).all() and (finite == finite.round(0)).all()) and len(
        finite
    ) == len(values.drop_nulls())


def _no_column(raw: Raw, wanted: str) -> DataError:
    near = nearest(wanted, raw.rows.columns)
    return DataError(
        "There is no column '{wanted}'.",
        where=raw.name,
        hint="Did you mean '{near}'?" if near else "Its columns are: {columns}.",
        wanted=wanted,
        near=near,
        columns=", ".join(raw.rows.columns),
    )


def _missing(raw: Raw, role: Role) -> DataError:
    return DataError(
        "No column is recognisable as {role}.",
        where=raw.name,
        hint="Say which one it is: data.columns.{role}=NAME. The columns are: {columns}.",
        role=role.name,
        columns=", ".join(raw.rows.columns),
    )
