"""What every source gives."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import polars as pl


@dataclass
class Raw:
    """Rows as a source has them."""

    name: str
    """The source, as the user named it."""
    rows: pl.DataFrame
    """All rows; of a source that comes in splits, those of ``train``, else of its first."""
    notes: list[str] = field(default_factory=list)
    """Repairs and guesses that reading needed, for people."""
    splits: dict[str, pl.DataFrame] = field(default_factory=dict)
    """What a data set that comes in splits has: ``train``, ``validation``, ``test``."""
    sha256: str = ""
    """Of the bytes read, in hexadecimal."""

    def part(self, split: str) -> Raw:
        """The source's own rows for ``split`` where it comes in splits, else all its rows."""
        if split not in self.splits:
            return self
        return replace(self, name=f"{self.name}[{split}]", rows=self.splits[split], splits={})
