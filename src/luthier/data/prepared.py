"""Rows after preparation, with a content hash, a ledger of every change and a card."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from luthier.core.files import read_json, write_json
from luthier.data.images import image_columns, put_beside, taken_from
from luthier.data.roles import ROW, SOURCE, SPLITS

ROW_GROUP = 100_000
"""Rows of a Parquet row group."""


@dataclass
class Prepared:
    """What a run trains and is measured on."""

    splits: dict[str, pl.DataFrame]
    """``train``, ``validation``, ``test``: role columns, ``_source`` and ``_row``."""
    ledger: pl.DataFrame
    """Every row dropped, changed or flagged: source, row, operator, action, reason, before,
    after."""
    card: dict[str, Any]
    """``sources``, ``columns``, ``rows_in``, ``rows_out``, ``operators``, ``rows``, ``labels``,
    ``lengths``, ``notes``, ``findings``, ``fitted``, ``hash``; see
    :func:`luthier.data.card.describe`."""

    tables: dict[str, pl.DataFrame] = field(default_factory=dict)
    """What steps have to show beside, by name: ``label_noise`` and others."""

    quarantine: pl.DataFrame = field(default_factory=pl.DataFrame)
    """Rows that were dropped for a fault, as they came; kept as a file for people only."""

    @property
    def hash(self) -> str:
        """Of the content of all splits; equal for equal rows, wherever they came from."""
        return str(self.card["hash"])

    def save(self, folder: Path) -> None:
        """Write ``train.parquet`` and so on, ``ledger.parquet``, ``card.json`` and all tables.

        Images that preparation made become files in the folder ``images`` beside them.
        """
        for name, rows in {**self.splits, "ledger": self.ledger, **self.tables}.items():
            # Row groups do not follow the threads at work, so the same rows are the same bytes.
            rows = put_beside(rows, folder).rechunk()
            rows.write_parquet(folder / f"{name}.parquet", row_group_size=ROW_GROUP)
        write_json(folder / "card.json", self.card)

    @classmethod
    def load(cls, folder: Path) -> Prepared:
        """Read what :meth:`save` wrote."""
        splits = {
            name: taken_from(pl.read_parquet(folder / f"{name}.parquet"), folder) for name in SPLITS
        }
        ledger = pl.read_parquet(folder / "ledger.parquet")
        return cls(splits, ledger, read_json(folder / "card.json"))


def content_hash(splits: dict[str, pl.DataFrame]) -> str:
    """SHA-256 over the values of all rows of all splits, in order, without their origin."""
    digest = hashlib.sha256()
    for name in SPLITS:
        rows = _by_content(splits[name].drop(SOURCE, ROW))
        digest.update(f"{name}:{rows.columns}:{len(rows)}\n".encode())
        for part in rows.iter_slices(ROW_GROUP):
            digest.update(part.write_json().encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _by_content(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with the SHA-256 of images in their place, wherever those are."""
    return rows.with_columns(
        pl.col(name).struct.field("sha256").alias(name) for name in image_columns(rows)
    )
