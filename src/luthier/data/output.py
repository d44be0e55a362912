"""The folder of prepared rows: tables, card, ledger, quarantine and report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from luthier.core.files import read_json, write_atomic
from luthier.core.locale import LANGUAGES
from luthier.data.formats import convert, format_named, write_rows
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


def write_in_format(folder: Path, to: str) -> None:
    """Write every split in a format, e.g. as ``train.jsonl`` or ``train.conllu``.

    Args:
        folder: Of prepared rows. Images that preparation made are named from there.
        to: Name of the format.

    Raises:
        DataError: If there is no such format, or it is for rows of another kind.
    """
    ending = format_named(to).ending
    family = read_json(folder / "card.json")["family"]
    for name in SPLITS:
        rows = pl.read_parquet(folder / f"{name}.parquet")
        write_rows(convert(rows, family, to), folder / f"{name}{ending}", to)


def report_name(language: str) -> str:
    """The file of the report in a language."""
    return "report.html" if language == "en" else f"report.{language}.html"


def summary(prepared: Prepared, folder: Path | None) -> dict[str, Any]:
    """Counts and where things are, for machines.

    Args:
        prepared: What was prepared.
        folder: Where it is written; None: nowhere.
    """

    def place(name: str) -> str | None:
        return str(folder / name) if folder is not None else None

    found = [name for name in NAMES if folder is not None and (folder / name).is_file()]
    return {
        **{key: prepared.card[key] for key in ("rows_in", "rows_out", "operators")},
        "ledger": place("ledger.parquet"),
        "prepared": {name: place(f"{name}.parquet") for name in prepared.splits},
        "report": place(report_name("en")),
        "quarantine": place(found[0]) if found else None,
        "tables": {name: place(f"{name}.parquet") for name in prepared.tables},
        **{
            key: prepared.card[key] for key in ("sources", "columns", "labels", "notes", "findings")
        },
        "hash": prepared.hash,
    }
