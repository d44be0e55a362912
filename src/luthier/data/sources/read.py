"""Which kind a source is."""

from __future__ import annotations

from pathlib import Path

from luthier.core.errors import DataError
from luthier.core.names import nearest
from luthier.data.sources.columnar import read_columnar, sheet_of
from luthier.data.sources.folder import read_folder
from luthier.data.sources.hub import PREFIX, read_hub
from luthier.data.sources.jsons import read_json, read_json_lines
from luthier.data.sources.source import Raw
from luthier.data.sources.table import read_table
from luthier.data.sources.text import decode, read_bytes

COLUMNAR = {
    ".parquet": "parquet", ".pq": "parquet", ".arrow": "arrow", ".feather": "arrow",
    ".ipc": "arrow", ".xlsx": "xlsx", ".xls": "xlsx",
}  # fmt: skip
LINES = {".jsonl", ".ndjson", ".jsonlines"}


def read_source(
    spec: str,
    *,
    base_dir: Path,
    encoding: str | None = None,
    delimiter: str | None = None,
) -> Raw:
    """Read any source, values as they are.

    Args:
        spec: A file (gzip or not), a folder of text files by class, ``hf:owner/name``,
            or ``book.xlsx#Sheet``.
        base_dir: Relative paths start here.
        encoding: Of text files; default: detected.
        delimiter: Of text tables; default: detected.

    Raises:
        DataError: With the place, and what to do.
    """
    if spec.startswith(PREFIX):
        splits = read_hub(spec)
        return Raw(spec, splits.pop("train"), splits=splits)
    file, sheet = sheet_of(spec)
    path = (base_dir / Path(file).expanduser()).resolve()
    if path.is_dir():
        return Raw(spec, read_folder(path, spec, encoding))
    if not path.is_file():
        raise _missing(path, spec)
    content = read_bytes(path, spec)
    suffix = Path(path.name.removesuffix(".gz")).suffix.lower()
    if suffix in COLUMNAR:
        return Raw(spec, read_columnar(content, COLUMNAR[suffix], spec, sheet))
    text, notes = decode(content, spec, encoding)
    if suffix in LINES:
        return Raw(spec, read_json_lines(text, spec), notes)
    if suffix == ".json":
        return Raw(spec, read_json(text, spec), notes)
    rows, repairs = read_table(
        text, spec, "\t" if suffix == ".tsv" and not delimiter else delimiter
    )
    return Raw(spec, rows, notes + repairs)


def _missing(path: Path, spec: str) -> DataError:
    siblings = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    near = nearest(path.name, siblings)
    return DataError(
        "There is no file or folder '{spec}'.",
        where=str(path.parent),
        hint="Did you mean '{near}'?" if near else "Relative paths start at the recipe's folder.",
        spec=spec,
        near=near,
    )
