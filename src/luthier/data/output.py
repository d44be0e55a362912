"""The folder of prepared rows: tables, card, ledger, quarantine and report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from luthier.core.files import read_json, write_atomic
from luthier.core.locale import LANGUAGES
from luthier.data.formats import format_named, write_file
from luthier.data.prepared import Prepared
from luthier.data.quarantine import NAMES, write_quarantine
from luthier.data.report import data_page
from luthier.data.roles import SPLITS


def write_prepared(prepared: Prepared, folder: Path) -> None:
    """Fill a folder with everything there is to say of prepared rows.

    Args:
        prepared: What was prepared.
        folder: An empty folder.
    """
    prepared.save(folder)
    if not prepared.quarantine.is_empty():
        write_quarantine(prepared.quarantine, folder)
    for language in LANGUAGES:
        write_atomic(folder / report_name(language), data_page(prepared, language))


def write_in_format(folder: Path, to: str) -> int:
    """Write every split in a format; how many rows there was no room for.

    Args:
        folder: Of prepared rows. Images that preparation made are named from there.
        to: Name of the format.

    Raises:
        DataError: If there is no such format, or it is for rows of another kind.
    """
    family, left = read_json(folder / "card.json")["family"], 0
    for name in SPLITS:
        rows = pl.read_parquet(folder / f"{name}.parquet")
        left += write_file(rows, family, folder / converted_name(name, to), to)
    return left


def converted_name(split: str, to: str) -> str:
    """The file of a split in a format: ``train.jsonl``, ``train.conllu`` ..."""
    return f"{split}{format_named(to).ending}"


def report_name(language: str) -> str:
    """The file of the report in a language."""
    return "report.html" if language == "en" else f"report.{language}.html"


def summary(prepared: Prepared, folder: Path | None, to: str | None = None) -> dict[str, Any]:
    """Counts and where things are, for machines.

    Args:
        prepared: What was prepared.
        folder: Where it is written; None: nowhere.
        to: Name of the format that it is written in too.
    """

    def place(name: str) -> str | None:
        return str(folder / name) if folder is not None else None

    written = {split: converted_name(split, to) for split in prepared.splits} if to else {}
    found = [name for name in NAMES if folder is not None and (folder / name).is_file()]
    return {
        **{key: prepared.card[key] for key in ("rows_in", "rows_out", "operators")},
        "ledger": place("ledger.parquet"),
        "prepared": {name: place(f"{name}.parquet") for name in prepared.splits},
        "converted": {s: place(name) for s, name in written.items()} if folder and to else None,
        "unwritten": prepared.unwritten,
        "report": place(report_name("en")),
        "quarantine": place(found[0]) if found else None,
        "tables": {name: place(f"{name}.parquet") for name in prepared.tables},
        **{
            key: prepared.card[key] for key in ("sources", "columns", "labels", "notes", "findings")
        },
        "hash": prepared.hash,
    }
