"""What every source gives."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl


@dataclass
class Raw:
    """Rows as a source has them."""

    name: str
    """The source, as the user named it."""
    rows: pl.DataFrame
    notes: list[str] = field(default_factory=list)
    """Repairs that reading needed, for people."""
    splits: dict[str, pl.DataFrame] = field(default_factory=dict)
    """Further splits that a data set brings: ``validation``, ``test``."""
