"""Which rows and columns of a mixture's table are whose."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from luthier.data.roles import GIVEN, Role
from luthier.tasks.task import TASK, TaskConfig


def columns(task: TaskConfig) -> dict[str, Role]:
    """A task's role to the same role under the name that its column has in the mixture's table.

    A column that the task names is called that, so that tasks of one kind can have one each.
    """
    return {role.name: _named(role) for role in task.roles()}


def rows_of(name: str, task: TaskConfig, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows that are a task's, under the names of its own roles, with ``_place`` of each.

    Args:
        name: Of the task.
        task: The task.
        rows: The mixture's.
    """
    found = rows.with_row_index("_place")
    if TASK in rows.columns:
        mine = rows[TASK].unique().to_list()
        found = found.filter(pl.col(TASK) == name if name in mine else pl.col(TASK).is_null())
    present = {role: own.name for role, own in columns(task).items() if own.name in rows.columns}
    required = [
        present[role.name]
        for role in task.roles()
        if role.name in present and (role.required or role.kind not in GIVEN)
    ]
    found = found.filter(pl.all_horizontal(pl.col(required).is_not_null()))
    others = [column for column in rows.columns if column.startswith("_") and column != TASK]
    kept = {column: pl.col(column) for column in ("_place", *others)}
    return found.select(*kept.values(), *(pl.col(own).alias(role) for role, own in present.items()))


def _named(role: Role) -> Role:
    if role.kind in GIVEN or len(role.synonyms) != 1:
        return role
    return replace(role, name=role.synonyms[0])
