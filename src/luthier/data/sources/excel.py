"""Spreadsheets."""

from __future__ import annotations

import re

import fastexcel
import polars as pl

from luthier.core.errors import DataError
from luthier.core.names import nearest
from luthier.data.sources.columnar import damaged
from luthier.data.sources.names import unique_names

_UNNAMED = re.compile(r"__UNNAMED__\d+")


def read_excel(content: bytes, name: str, sheet: str | None) -> tuple[pl.DataFrame, list[str]]:
    """A sheet, the first if none is named, and notes.

    Raises:
        DataError: If the file is damaged, or has no such sheet.
    """
    try:
        book = fastexcel.read_excel(content)
    # A damaged file may make the reader panic, which is no Exception.
    except (fastexcel.FastExcelError, pl.exceptions.PanicException) as error:
        raise damaged("Excel", name, error) from None
    if not book.sheet_names:
        raise damaged("Excel", name, ValueError("it has no sheet"))
    chosen = sheet or book.sheet_names[0]
    if chosen not in book.sheet_names:
        raise _no_sheet(chosen, book.sheet_names, name)
    notes: list[str] = []
    if sheet is None and len(book.sheet_names) > 1:
        others = ", ".join(book.sheet_names[1:])
        notes.append(f"the first sheet, '{chosen}', is read; there are also: {others}")
    try:
        # All rows decide a column's type: a number among text must not become null.
        rows = book.load_sheet(chosen, schema_sample_rows=None).to_polars()
    except (fastexcel.FastExcelError, pl.exceptions.PanicException) as error:
        raise damaged("Excel", name, error) from None
    names = unique_names([_UNNAMED.sub("", column) for column in rows.columns], notes)
    rows = rows.rename(dict(zip(rows.columns, names, strict=True)))
    return rows.filter(~pl.all_horizontal(pl.all().is_null())), notes


def _no_sheet(wanted: str, sheets: list[str], name: str) -> DataError:
    near = nearest(wanted, sheets)
    return DataError(
        "The workbook has no sheet '{wanted}'.",
        where=name,
        hint="Did you mean '{near}'?" if near else "Its sheets are: {sheets}.",
        wanted=wanted,
        near=near,
        sheets=", ".join(sheets),
    )
