"""One file, of any kind."""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl

from luthier.core.errors import DataError
from luthier.data.sources.columnar import hub_features, read_columnar
from luthier.data.sources.conll import is_conll, read_conll
from luthier.data.sources.content import kind_of, read_content, suffix_of
from luthier.data.sources.encoding import decode
from luthier.data.sources.excel import read_excel
from luthier.data.sources.features import by_name, classes_of
from luthier.data.sources.jsons import read_json, read_json_lines
from luthier.data.sources.nested import flattened
from luthier.data.sources.plain import read_plain
from luthier.data.sources.source import Raw
from luthier.data.sources.table import read_table
from luthier.data.sources.told import kind_of_text

TABS = {".tsv", ".tab"}


def read_file(
    path: Path,
    name: str,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
) -> Raw:
    """The rows of a file, gzip or not.

    Args:
        path: The file.
        name: How the user calls it, for messages.
        encoding: Of text; default: detected.
        delimiter: Of text tables; default: detected.
        sheet: Of a workbook; default: the first.

    Raises:
        DataError: With the place, and what to do.
    """
    stored, content = read_content(path, name)
    kind = kind_of(path.name, content)
    digest = hashlib.sha256(stored).hexdigest()
    if kind == "excel":
        rows, notes = read_excel(content, name, sheet)
    elif kind in ("parquet", "arrow"):
        rows, notes = read_columnar(content, kind, name), []
        rows = by_name(rows, classes_of(hub_features(path)) if kind == "parquet" else {})
    else:
        text, notes = decode(content, name, encoding)
        tab = "\t" if suffix_of(path.name) in TABS else None
        if kind is None:
            kind = "table" if delimiter else kind_of_text(text, path.name, name)
        rows, repairs = _parse(text, kind, name, delimiter or tab)
        notes += repairs
    if rows.is_empty():
        raise DataError("The table has no rows.", where=name, hint="Give a file with rows.")
    return Raw(name, rows, notes, sha256=digest, folder=path.parent)


def _parse(
    text: str, kind: str, name: str, delimiter: str | None
) -> tuple[pl.DataFrame, list[str]]:
    if kind == "jsonl":
        return read_json_lines(text, name), []
    if kind == "json":
        return flattened(read_json(text, name)), []
    if kind == "text":
        return read_plain(text)
    if kind == "conll" or (delimiter in (None, "\t") and is_conll(text)):
        return read_conll(text, name)
    return read_table(text, name, delimiter)
