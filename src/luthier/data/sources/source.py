"""What every source gives."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from luthier.core.errors import DataError
from luthier.data.sources.slices import Slice


@dataclass
class Raw:
    """Rows as a source has them."""

    name: str
    """The source, as the user named it, without a slice and with any password hidden."""
    rows: pl.DataFrame
    """All rows; of a source that comes in splits, those of ``train``, else of its first."""
    notes: list[str] = field(default_factory=list)
    """Repairs and guesses that reading needed, for people."""
    splits: dict[str, pl.DataFrame] = field(default_factory=dict)
    """What a data set that comes in splits has: ``train``, ``validation``, ``test``."""
    sha256: str = ""
    """Of the bytes read, in hexadecimal."""
    folder: Path | None = None
    """Where the names of files in its cells start."""
    slice: Slice | None = None
    """Which rows the user named."""
    places: pl.Series | None = None
    """Index of each row in the source; None: all rows are there."""

    def part(self, split: str, *, whole: bool = False) -> Raw:
        """The source's own rows for ``split`` where it comes in splits, else all its rows.

        Args:
            split: ``train``, ``validation`` or ``test``.
            whole: Whether to leave the slice out of account.
        """
        if split not in self.splits:
            return self
        name = f"{self.name}[{split}]"
        own = replace(self, name=name, rows=self.splits[split], splits={}, places=None)
        return own if whole or self.slice is None else own.cut(self.slice)

    def cut(self, chosen: Slice) -> Raw:
        """The rows of a slice, each with its place in the source.

        Raises:
            DataError: If there is no such row.
        """
        places = chosen.places(len(self.rows))
        if places.is_empty():
            raise DataError(
                "The slice {slice} has no rows: the source has {count}.",
                where=self.name,
                hint="Rows are counted from 0.",
                slice=chosen.text,
                count=len(self.rows),
            )
        return replace(self, rows=self.rows[places], slice=chosen, places=places)
