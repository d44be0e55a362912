"""Rows and texts that go the same way as those a model learned from: to measure or to predict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from luthier.core.errors import DataError
from luthier.data.columns import extra_columns, map_columns
from luthier.data.formats.format import by_name
from luthier.data.gather import tagged, take
from luthier.data.images import is_image
from luthier.data.ledger import Ledger
from luthier.data.operator import Context, Operator
from luthier.data.roles import SPLIT, Role
from luthier.data.sources import locate, read_source
from luthier.data.sources.content import read_content
from luthier.data.sources.encoding import decode
from luthier.data.steps import steps_for


def read_rows(
    spec: str,
    roles: Sequence[Role],
    columns: Mapping[str, str],
    labels: dict[str, str],
    *,
    base_dir: Path,
    steps: Sequence[Operator] | None = None,
    classes: Sequence[str] = (),
    fitted: Mapping[str, Any] | None = None,
) -> tuple[pl.DataFrame, list[str]]:
    """Labelled rows of one source, cleaned as in training, for measuring; and notes.

    Rows without text or label are left out and noted; nothing else is dropped, and the
    order stays.

    Args:
        spec: The source; of one that comes in splits, its test rows.
        roles: The columns that the task needs.
        columns: Role to column, from the recipe.
        labels: Other spellings of labels, from the recipe.
        base_dir: Relative paths start here.
        steps: The preparation that training used; default: all steps. Those that compare rows
            are left out.
        classes: Labels that the model knows: theirs is the spelling to use.
        fitted: What the steps learned when the model's rows were prepared; from their card.

    Raises:
        DataError: If the source cannot be read, or no row is left.
    """
    raw = read_source(spec, base_dir=base_dir).part("test")
    taken = take(raw, roles, columns)
    table = taken.table
    extras = table.select()
    if len(raw.rows) == len(table):
        extras = extra_columns(raw, [*roles, *taken.roles], taken.columns)
    roles = [role for role in taken.roles if role.name in {wanted.name for wanted in roles}]
    present = [role for role in roles if role.name in table.columns]
    beside = [Role(name, "extra", required=False) for name in extras.columns]
    context = Context(
        (*present, *beside), Ledger(), labels, tuple(classes), fitted=dict(fitted or {})
    )
    rows = tagged(pl.concat([table, extras], how="horizontal"), raw.name, "test")
    chosen = steps_for() if steps is None else steps
    for step in chosen:
        if step.scope != "table":
            rows = step.apply(rows, context)
    for step in chosen:
        if step.scope != "table":
            rows = step.apply_divided(rows, context)
    dropped = context.ledger.table().filter(pl.col("action") == "dropped")
    notes = raw.notes + context.notes
    for reason, count in dropped.group_by("reason").len().sort("reason").iter_rows():
        notes.append(f"{count} rows left out: {reason}")
    if rows.is_empty():
        raise DataError(
            "No row has both a text and a label.", where=spec, hint="Check the columns."
        )
    return rows.drop(SPLIT), notes


def read_given(
    spec: str, asked: Sequence[Role], *, base_dir: Path | None = None
) -> Sequence[str | dict[str, Any]]:
    """The rows of a source to predict for, as they are, in order, every one.

    Where only one text is asked, each is that text, empty where it is missing; else a value for
    every role. A ``.txt`` file has one text a line. For images see :func:`given_images`.

    Args:
        spec: The source.
        asked: The roles that a model is given.
        base_dir: Relative paths start here; default: the working directory.

    Raises:
        DataError: If the source cannot be read, or lacks a column.
    """
    base_dir = base_dir or Path.cwd()
    if spec.lower().endswith((".txt", ".txt.gz")):
        path, _ = locate(spec, base_dir)
        text, _ = decode(read_content(path, spec)[1], spec)
        return text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    if [role.kind for role in asked] == ["image"]:
        return given_images(spec, asked[0], base_dir)
    raw = read_source(spec, base_dir=base_dir)
    if any(role.kind == "dialogue" for role in asked):
        conversations: list[dict[str, Any]] = take(raw, asked, {}).table.to_dicts()
        return conversations
    table, _ = map_columns(raw, asked, {}, labelled=False)
    table = table.with_columns(pl.col(pl.String).fill_null(""))
    if len(asked) == 1 and asked[0].kind == "text":
        return table[asked[0].name].to_list()
    rows: list[dict[str, Any]] = table.to_dicts()
    return rows


def given_images(spec: str, role: Role, base_dir: Path) -> Sequence[str | dict[str, Any]]:
    """Images to predict for: the paths of files, and the values of others, within a table.

    Args:
        spec: A folder with images, at any depth, in the order of their names; or a source with
            images or paths, which start where it stands.
        role: That of the image.
        base_dir: Relative paths start here.

    Raises:
        DataError: If the source cannot be read, or has no images.
    """
    folder = base_dir / Path(spec).expanduser()
    if folder.is_dir():
        files = sorted(str(file) for file in folder.rglob("*") if is_image(file.name))
        if files:
            return files
    raw = read_source(spec, base_dir=base_dir)
    column = by_name(raw.rows, role.name, *role.synonyms)
    if column is None or raw.rows.schema[column] == pl.String:
        table, _ = map_columns(raw, [role], {}, labelled=False)
        start = raw.folder or base_dir
        return [str((start / Path(path or "").expanduser()).resolve()) for path in table[role.name]]
    cells = raw.rows[column].to_list()
    return [{role.name: {"bytes": cell} if isinstance(cell, bytes) else cell} for cell in cells]


def clean_texts(texts: Sequence[str], steps: Sequence[Operator] | None = None) -> list[str]:
    """Texts to predict for, cleaned as those that training saw; none is dropped.

    Args:
        texts: In any number.
        steps: The preparation that training used; default: all steps. Only those count that
            change texts one by one.
    """
    table = pl.DataFrame({"text": list(texts)}, schema={"text": pl.String})
    rows, context = tagged(table, "", "test"), Context((Role("text", "text"),), Ledger())
    for step in steps_for() if steps is None else steps:
        if step.scope == "text":
            rows = step.apply(rows, context)
    return rows["text"].to_list()
