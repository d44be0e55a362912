"""The contract of a format."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, ClassVar

import polars as pl

from luthier.data.formats.families import canonical
from luthier.data.formats.turns import parsed_json

Row = Mapping[str, Any]
CHUNK = 10_000
"""Rows that are held as Python values at a time."""

Columns = dict[str, str]
"""Canonical column to the source's column that it comes from."""


class Format(ABC):
    """One way in which rows are written.

    A row that is not sound comes out as null, so that preparation drops it with a reason.
    """

    name: ClassVar[str]
    family: ClassVar[str]
    ending: ClassVar[str] = ".jsonl"
    """Of files in this format."""

    @abstractmethod
    def match(self, rows: pl.DataFrame) -> Columns | None:
        """Which columns hold what, if the rows are in this format."""

    @abstractmethod
    def read_row(self, row: Row, columns: Columns) -> dict[str, Any] | None:
        """One row in canonical form, or None."""

    def read(self, rows: pl.DataFrame, columns: Columns) -> pl.DataFrame:
        """All rows in canonical form, one for each row."""
        parts = (
            [self.read_row(row, columns) for row in part.iter_rows(named=True)]
            for part in rows.iter_slices(CHUNK)
        )
        return pl.concat(canonical(part, self.family) for part in chain([[]], parts))

    @abstractmethod
    def write_row(self, row: Row) -> dict[str, Any] | None:
        """A canonical row in this format; None where it has no room for it."""

    def write_plain(self, row: Row) -> dict[str, Any] | None:
        """A canonical row with texts in place of lists of one turn; None where that cannot be."""
        return None

    def as_text(self, written: dict[str, Any]) -> str:
        """What stands in a file for a row that was written: a line of JSON."""
        return json.dumps(written, ensure_ascii=False, default=str) + "\n"

    def is_plain(self, rows: Sequence[Row]) -> bool:
        """Whether each of these rows that has room can have texts in place of lists."""
        return all(self.write_plain(row) is not None or self.write_row(row) is None for row in rows)

    def write(self, rows: Sequence[Row], *, plain: bool) -> list[dict[str, Any] | None]:
        """Canonical rows in this format.

        Args:
            rows: In canonical form.
            plain: Whether to write texts in place of lists; all rows of a file are alike in this.
        """
        return [self.write_plain(row) if plain else self.write_row(row) for row in rows]


def by_name(rows: pl.DataFrame, *names: str) -> str | None:
    """The first of these names that a column has, whatever the case."""
    folded = {column.strip().casefold(): column for column in reversed(rows.columns)}
    return next((folded[name] for name in names if name in folded), None)


def sample(rows: pl.DataFrame, column: str, count: int = 20) -> list[Any]:
    """The first values of a column that are there."""
    return rows[column].drop_nulls().head(count).to_list()


def items(value: Any) -> Any:
    """A list as it is, or out of the JSON of one in a cell; None where there is none."""
    parsed = parsed_json(value) if isinstance(value, str) else value
    return list(parsed) if isinstance(parsed, list | tuple) else None


def is_listed(rows: pl.DataFrame, column: str | None) -> bool:
    """Whether a column holds lists, or the JSON of lists."""
    if column is None:
        return False
    if isinstance(rows.schema[column], pl.List | pl.Array):
        return True
    found = sample(rows, column) if rows.schema[column] == pl.String else []
    return bool(found) and all(items(value) is not None for value in found)
