"""From the sources of a recipe to one table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from luthier.core.errors import DataError
from luthier.data.columns import extra_columns, map_columns
from luthier.data.formats import FORMATS, recognise
from luthier.data.formats.annotations import Pairs, Squad
from luthier.data.formats.format import by_name
from luthier.data.formats.naming import as_named
from luthier.data.inspect import labelled_columns
from luthier.data.roles import ANSWERS, ROW, SOURCE, SPLIT, WEIGHT, Role
from luthier.data.sources import Raw, read_source
from luthier.recipe.schema import Data, Source

FLAT = ("text", "label", "labels", "number", "extra")
"""Kinds of role that a plain column can hold."""

PAIRS, SQUAD = Pairs(), Squad()
NAMES, ASKED = {"source", "target"}, {"question", "context", "target"}
"""Roles of plain pairs of texts, and of questions, that are known in more ways than by name."""

DOCUMENTS = ("text", "document", "article", "content", "body", "文本", "正文", "内容")
"""Names of the column that holds the text where nothing is a label."""


@dataclass
class Gathered:
    """The rows of all sources, as they are, with their origin."""

    config: Data
    """What was asked for."""
    rows: pl.DataFrame = field(default_factory=pl.DataFrame)
    """Role columns, other plain columns, ``_source``, ``_row`` and ``_split``."""
    roles: tuple[Role, ...] = ()
    """Those that the rows have, and one of kind ``extra`` for each other column."""
    family: str = "classify"
    """What kind of rows they are."""
    given: set[str] = field(default_factory=set)
    """Splits that have a source."""
    sources: list[dict[str, Any]] = field(default_factory=list)
    """source, split, rows, sha256, format of each; slice and weight where it has one."""
    columns: dict[str, dict[str, str]] = field(default_factory=dict)
    """Source to role to column."""
    notes: list[str] = field(default_factory=list)
    """Repairs and guesses."""


def gather(config: Data, roles: Sequence[Role] | None, base_dir: Path) -> Gathered:
    """Read every source, and find the columns of the roles.

    Args:
        config: The recipe's section ``data``.
        roles: What the task needs; None: what the format of the rows has.
        base_dir: Relative paths start here.

    Raises:
        DataError: If a source cannot be read, or lacks a column.
    """
    tables: list[pl.DataFrame] = []
    gathered = Gathered(config)
    wanted = list(roles or ())
    extras: dict[str, None] = {}
    for split, raw, asked in _parts(config, base_dir):
        columns = {**config.columns, **(asked.columns if asked else {})}
        taken = take(raw, wanted, columns) if wanted else _recognised(raw, columns)
        wanted = wanted or list(taken.roles)
        _check_family(raw, taken, gathered)
        table, found = taken.table, taken.columns
        gathered.notes += [f"{raw.name}: {note}" for note in raw.notes]
        if asked is None and _has_no_answers(table, wanted):
            gathered.notes.append(f"{raw.name}: its rows have no labels, so it is left out")
            continue
        gathered.sources.append(_entry(raw, split, taken, asked))
        gathered.columns[raw.name] = found
        gathered.given.add(split)
        beside = (
            extra_columns(raw, wanted, found) if len(raw.rows) == len(table) else table.select()
        )
        extras |= dict.fromkeys(beside.columns)
        rows = pl.concat([table, beside], how="horizontal")
        rows = tagged(rows, raw.name, split, raw.places)
        if asked is not None and asked.weight != 1:
            rows = rows.with_columns(pl.lit(asked.weight).alias(WEIGHT))
        tables.append(rows)
    gathered.rows = pl.concat(tables, how="diagonal_relaxed")
    present = [role for role in wanted if role.name in gathered.rows.columns]
    gathered.roles = (*present, *(Role(name, "extra", required=False) for name in extras))
    return gathered


@dataclass(frozen=True)
class Taken:
    """What was taken of a source."""

    table: pl.DataFrame
    columns: dict[str, str]
    roles: Sequence[Role]
    format: str = "text,label"
    family: str = "classify"


def _entry(raw: Raw, split: str, taken: Taken, asked: Source | None) -> dict[str, Any]:
    """What the card says of a source."""
    entry = {"source": raw.name, "split": split, "rows": len(taken.table), "sha256": raw.sha256}
    entry["format"] = taken.format
    if raw.places is not None and raw.slice is not None:
        entry["slice"] = raw.slice.text
    if asked is not None and asked.weight != 1:
        entry["weight"] = asked.weight
    return entry


def take(raw: Raw, wanted: Sequence[Role], columns: Mapping[str, str]) -> Taken:
    """The columns that the roles need; for roles of dialogues and the like, by the format.

    Args:
        raw: The source; notes are added to it.
        wanted: What the task needs.
        columns: Role to column, from the recipe.

    Raises:
        DataError: If a column is missing.
    """
    if all(role.kind in FLAT for role in wanted if role.required):
        if any(role.learned for role in wanted):
            return _pairs(raw, wanted, columns)
        table, found = map_columns(raw, wanted, columns)
        family = "classify" if any(role.kind in ANSWERS for role in wanted) else "text"
        return Taken(table, found, wanted, "text,label" if family == "classify" else "text", family)
    return _recognised(raw, columns, [role for role in wanted if role.required])


def _pairs(raw: Raw, wanted: Sequence[Role], columns: Mapping[str, str]) -> Taken:
    """Texts, and those to be made of them: columns as they are named, else as pairs come.

    Questions with answers that stand in a text, as SQuAD has them, have the first answer to write.
    """
    names = {role.name for role in wanted}
    named = bool(columns) or any(len(role.synonyms) == 1 for role in wanted)
    if not named and names == NAMES and (pairs := PAIRS.match(raw.rows)):
        return Taken(PAIRS.read(raw.rows, pairs), pairs, wanted, PAIRS.name, PAIRS.family)
    if not named and names == ASKED and (found := SQUAD.match(raw.rows)):
        answer = pl.col("answers").list.first().struct.field("text").alias("target")
        table = SQUAD.read(raw.rows, found).select("question", "context", answer)
        found = {**found, "target": found["answers"]}
        return Taken(table, {name: found[name] for name in names}, wanted, SQUAD.name, PAIRS.family)
    table, found = map_columns(raw, wanted, columns)
    return Taken(table, found, wanted, PAIRS.name, PAIRS.family)


def _recognised(raw: Raw, columns: Mapping[str, str], wanted: Sequence[Role] = ()) -> Taken:
    """What the source's own format has; else text and label, else text alone."""
    names = [role.name for role in wanted]
    known = None if columns else recognise(raw.rows, raw.folder, names)
    if known is not None:
        known = as_named(known, raw, wanted)
        sound = [c for c in known.rows.columns if known.rows[c].null_count() < len(known.rows)]
        roles = [role for role in known.roles if role.required or role.name in sound]
        table = known.rows.select(role.name for role in roles)
        return Taken(table, known.columns, roles, known.format, known.family)
    if len(raw.rows.columns) == 1 and raw.rows.dtypes[0] == pl.String:
        return take(raw, [Role("text", "text", (raw.rows.columns[0],))], columns)
    return take(raw, _roles_of(raw, columns), columns)


def _check_family(raw: Raw, taken: Taken, gathered: Gathered) -> None:
    """Sources of one recipe must hold one kind of rows.

    Raises:
        DataError: If this one is of another kind than those before.
    """
    if gathered.sources and taken.family != gathered.family:
        raise DataError(
            "Its rows are of kind {kind}, those of {other} of kind {first}: they cannot be mixed.",
            where=raw.name,
            hint="Prepare them one by one, or write them in one format with --to.",
            kind=taken.family,
            other=gathered.sources[0]["source"],
            first=gathered.family,
        )
    gathered.family = taken.family


def _roles_of(raw: Raw, columns: Mapping[str, str]) -> list[Role]:
    """Text and label under the names that the recipe gives, or that they seem to have.

    Raises:
        DataError: If there is neither a label nor a text, with what was tried.
    """
    if {"text", "label"} <= columns.keys():
        return [Role("text", "text"), Role("label", "label")]
    document = by_name(raw.rows, *DOCUMENTS)
    try:
        text, label = labelled_columns(raw)
    except DataError:
        if document is not None:
            return [Role("text", "text", (document,))]
        raise DataError(
            "The format of the rows cannot be told: the columns {columns} are those of none of "
            "{formats}, and no two look like text and label.",
            where=raw.name,
            hint="Say which is which: data.columns={{text: NAME, label: NAME}}.",
            columns=", ".join(raw.rows.columns),
            formats="; ".join(known.name for known in FORMATS),
        ) from None
    return [Role("text", "text", (text,)), Role("label", "label", (label,))]


def tagged(
    table: pl.DataFrame, source: str, split: str, places: pl.Series | None = None
) -> pl.DataFrame:
    """Rows with their origin: source, index there from 0, split.

    Args:
        table: The rows.
        source: Its name.
        split: Of all of them.
        places: (rows,) index of each in the source; None: they are all of its rows.
    """
    numbered = table.with_row_index(ROW) if places is None else table.insert_column(
        0, places.alias(ROW)
    )  # fmt: skip
    return numbered.with_columns(
        pl.col(ROW).cast(pl.Int64), pl.lit(source).alias(SOURCE), pl.lit(split).alias(SPLIT)
    )


def _parts(config: Data, base_dir: Path) -> Iterator[tuple[str, Raw, Source | None]]:
    """Split, rows, and what the recipe asks for; None where the data set just brings them."""
    named = config.sources("train")
    for place, source in enumerate(named):
        if source in named[:place]:
            continue
        raw = _read(source, config, base_dir)
        yield "train", raw.part("train"), source
        for split in ("validation", "test"):
            if split in raw.splits and getattr(config, split) is None:
                yield split, raw.part(split, whole=True), None
    for split in ("validation", "test"):
        for source in config.sources(split):
            yield split, _read(source, config, base_dir).part(split), source


def _read(source: Source, config: Data, base_dir: Path) -> Raw:
    return read_source(
        source.source,
        base_dir=base_dir,
        encoding=source.encoding or config.encoding,
        delimiter=source.delimiter or config.delimiter,
        seed=config.split.seed,
    )


def _has_no_answers(table: pl.DataFrame, roles: Sequence[Role]) -> bool:
    answers = [r.name for r in roles if r.name in table.columns and (r.learned or r.kind != "text")]
    return any(table[name].null_count() == len(table) for name in answers)
