"""Parquet, Arrow and Excel."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl

from luthier.core.errors import DataError


def read_columnar(content: bytes, kind: str, name: str, sheet: str | None = None) -> pl.DataFrame:
    """The table in ``content``, which is ``parquet``, ``arrow`` or ``xlsx``.

    Raises:
        DataError: If it is damaged or not of that kind, or has no rows.
    """
    try:
        rows = _parse(content, kind, sheet)
    # Each reader has errors of its own (polars, fastexcel, pyo3 panics); all mean damage.
    except Exception as error:
        raise DataError(
            "The {kind} file cannot be read: {reason}.",
            where=name,
            hint="It may be damaged or of another kind; write or download it again.",
            kind=kind,
            reason=(str(error).splitlines() or [type(error).__name__])[0].rstrip("."),
        ) from None
    if rows.is_empty():
        raise DataError("The table has no rows.", where=name, hint="Give a file with rows.")
    return rows


def _parse(content: bytes, kind: str, sheet: str | None) -> pl.DataFrame:
    if kind == "parquet":
        return pl.read_parquet(io.BytesIO(content))
    if kind == "arrow":
        try:
            return pl.read_ipc(io.BytesIO(content))
        except pl.exceptions.PolarsError:
            return pl.read_ipc_stream(io.BytesIO(content))
    return pl.read_excel(io.BytesIO(content), sheet_name=sheet, raise_if_empty=False)


def sheet_of(spec: str) -> tuple[str, str | None]:
    """``book.xlsx#Sheet`` as file and sheet."""
    path, mark, sheet = spec.rpartition("#")
    if mark and Path(path).suffix.lower() in {".xlsx", ".xls"}:
        return path, sheet
    return spec, None
