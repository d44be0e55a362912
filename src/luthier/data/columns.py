"""From a source's columns to the roles a task needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from luthier.core.errors import DataError
from luthier.core.names import nearest
from luthier.data.roles import MARKS, Role
from luthier.data.sources import Raw

WHOLE_UP_TO = 2.0**53
"""Floats below this hold whole numbers exactly."""

LISTS = ("labels", "tokens", "tags")
"""Kinds of role whose column may hold lists."""

NO_TEXT = (pl.Binary, pl.Object, pl.Duration)
"""Types of plain cells that no text can be made of."""


def map_columns(
    raw: Raw, roles: Sequence[Role], mapping: Mapping[str, str], *, labelled: bool = True
) -> tuple[pl.DataFrame, dict[str, str]]:
    """The role columns of a source as text, and which column each came from.

    A role's column is the one the recipe maps; else the one of the role's name, else the
    first of its synonyms that the source has, whatever the case; for text also the only
    column of text that is left, which is noted. Other columns stay behind.

    Args:
        raw: The source; notes are added to it.
        roles: What the task needs.
        mapping: Role to column, from the recipe.
        labelled: Whether roles are needed too that no model is given.

    Raises:
        DataError: If a role is unknown or a column is missing, with the nearest name.
    """
    _check_roles(raw, roles, mapping)
    found: dict[str, str] = {}
    for role in roles:
        column = _find(raw, role, mapping, set(found.values()))
        if column is not None:
            found[role.name] = column
    _take_only_text_left(raw, roles, found)
    for role in roles:
        if role.required and role.name not in found and (labelled or role.given):
            raise _missing(raw, role, set(found.values()))
    columns = [
        _as_role(raw, found[role.name], role).alias(role.name)
        for role in roles
        if role.name in found
    ]
    return raw.rows.select(columns), found


def extra_columns(raw: Raw, roles: Sequence[Role], found: Mapping[str, str]) -> pl.DataFrame:
    """The plain columns of a source that no role took, under names that clash with none.

    Args:
        raw: The source.
        roles: Of the task.
        found: Role to column, from :func:`map_columns`.
    """
    taken = {*(role.name for role in roles), *MARKS}
    columns = []
    for name, kind in raw.rows.schema.items():
        if name in found.values() or _nested(kind):
            continue
        number = 2
        free = name
        while free in taken:
            free, number = f"{name}_{number}", number + 1
        taken.add(free)
        columns.append(pl.col(name).alias(free))
    return raw.rows.select(columns)


def list_column(raw: Raw, role: Role) -> tuple[pl.Series, str]:
    """The lists of a source that a role names, as lists of text, and the name of the column.

    Raises:
        DataError: If there is no such column, or it holds no lists.
    """
    column = _find(raw, role, {}, set())
    assert column is not None  # a named column is found or refused
    if not isinstance(raw.rows.schema[column], pl.List):
        raise DataError(
            "The column '{column}' holds no lists, but {role} needs one value for each word.",
            where=raw.name,
            hint="Name another one of: {columns}.",
            column=column,
            role=role.name,
            columns=", ".join(c for c, t in raw.rows.schema.items() if isinstance(t, pl.List)),
        )
    return raw.rows.select(_as_role(raw, column, role)).to_series(), column


def _check_roles(raw: Raw, roles: Sequence[Role], mapping: Mapping[str, str]) -> None:
    names = [role.name for role in roles]
    for name in mapping:
        # Prediction asks for the text alone, under a recipe that maps the label too.
        if name not in names and len(names) > 1:
            near = nearest(name, names)
            raise DataError(
                "The task has no role '{role}' to map a column to.",
                where=raw.name,
                hint="Did you mean '{near}'?" if near else "Its roles are: {roles}.",
                role=name,
                near=near,
                roles=", ".join(names),
            )


def _find(raw: Raw, role: Role, mapping: Mapping[str, str], taken: set[str]) -> str | None:
    columns = raw.rows.columns
    named = mapping.get(role.name) or (role.synonyms[0] if len(role.synonyms) == 1 else None)
    by_folded = {column.strip().casefold(): column for column in reversed(columns)}
    if named is not None:
        column = named if named in columns else by_folded.get(named.strip().casefold())
        if column is None:
            raise _no_column(raw, named)
        if column in taken:
            raise _twice(raw, column)
        return column
    names = (role.name, *role.synonyms)
    if role.beside:
        pairs = zip(role.synonyms, role.beside, strict=True)
        names = tuple(name for name, other in pairs if by_folded.get(other.casefold()) in taken)
    candidates = (by_folded.get(name.casefold()) for name in names)
    return next((column for column in candidates if column and column not in taken), None)


def _take_only_text_left(raw: Raw, roles: Sequence[Role], found: dict[str, str]) -> None:
    text = next((role for role in roles if role.kind == "text" and role.required), None)
    if text is None or text.name in found:
        return
    left = [c for c, kind in raw.rows.schema.items() if kind == pl.String]
    left = [column for column in left if column not in found.values()]
    if len(left) == 1:
        found[text.name] = left[0]
        raw.notes.append(f"column '{left[0]}' is taken as {text.name}: no other is left")


def _as_role(raw: Raw, column: str, role: Role) -> pl.Expr:
    """The column as text (or lists of text for several labels, or for words).

    Raises:
        DataError: If it holds something nested where text is needed.
    """
    kind = raw.rows.schema[column]
    if isinstance(kind, pl.List) and role.kind in LISTS and not _nested(kind.inner):
        whole = not kind.inner.is_float() or _is_whole(raw.rows[column].explode())
        return pl.col(column).list.eval(
            _plain(pl.element(), kind.inner) if whole else pl.element().cast(pl.String)
        )
    if _nested(kind):
        raise DataError(
            "The column '{column}' holds {kind}, but {role} needs text.",
            where=raw.name,
            hint="Map another column with data.columns.{role}=NAME; there are: {columns}.",
            column=column,
            kind=_in_words(kind),
            role=role.name,
            columns=", ".join(c for c, t in raw.rows.schema.items() if not _nested(t)) or "-",
        )
    if kind.is_float() and not _is_whole(raw.rows[column]):
        return pl.col(column).cast(pl.String)
    return _plain(pl.col(column), kind)


def _plain(values: pl.Expr, kind: object) -> pl.Expr:
    """As text; whole numbers without ``.0``, as 1.0 and 1 are one label."""
    is_float = isinstance(kind, pl.DataType) and kind.is_float()
    return (values.cast(pl.Int64) if is_float else values).cast(pl.String)


def _nested(kind: object) -> bool:
    return not isinstance(kind, pl.DataType) or kind.is_nested() or kind in NO_TEXT


def _in_words(kind: pl.DataType) -> str:
    if isinstance(kind, pl.List | pl.Array):
        return "lists"
    plain = {pl.Binary: "bytes", pl.Duration: "durations"}
    return next((words for known, words in plain.items() if kind == known), "nested objects")


def _is_whole(values: pl.Series) -> bool:
    present = values.drop_nulls()
    return bool(((present.abs() < WHOLE_UP_TO) & (present == present.round(0))).all())


def _no_column(raw: Raw, wanted: str) -> DataError:
    near = nearest(wanted, raw.rows.columns)
    return DataError(
        "There is no column '{wanted}'; the columns are: {columns}.",
        where=raw.name,
        hint="Did you mean '{near}'?" if near else "Name one of these.",
        wanted=wanted,
        near=near,
        columns=", ".join(raw.rows.columns),
    )


def _missing(raw: Raw, role: Role, taken: set[str]) -> DataError:
    known = (role.name, *role.synonyms)
    guesses = (
        (nearest(column, known), column) for column in raw.rows.columns if column not in taken
    )
    near = next((column for match, column in guesses if match), None)
    return DataError(
        "No column is recognisable as {role}; the first line names the columns: {columns}.",
        where=raw.name,
        hint="Is it '{near}'? Then set data.columns.{role}={near}"
        if near
        else "Say which one it is: data.columns.{role}=NAME",
        role=role.name,
        near=near,
        columns=", ".join(raw.rows.columns),
    )


def _twice(raw: Raw, column: str) -> DataError:
    return DataError(
        "The column '{column}' is mapped to two roles.",
        where=raw.name,
        hint="Give each role a column of its own.",
        column=column,
    )
