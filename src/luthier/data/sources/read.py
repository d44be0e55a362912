"""Which kind a source is."""

from __future__ import annotations

from pathlib import Path

from luthier.core.errors import DataError
from luthier.core.names import nearest
from luthier.data.sources.content import SUFFIXES, suffix_of
from luthier.data.sources.excel import sheet_of
from luthier.data.sources.file import read_file
from luthier.data.sources.folder import is_by_class, read_folder
from luthier.data.sources.hub import PREFIX, read_hub, read_layout
from luthier.data.sources.source import Raw


def read_source(
    spec: str,
    *,
    base_dir: Path,
    encoding: str | None = None,
    delimiter: str | None = None,
) -> Raw:
    """Read any source, values as they are.

    Args:
        spec: A file (gzip or not), ``book.xlsx#Sheet``, a folder of text files by class or
            laid out as a data set of the hub, ``hf:owner/name`` or ``hf:owner/name@config``.
        base_dir: Relative paths start here.
        encoding: Of text files; default: detected.
        delimiter: Of text tables; default: detected.

    Raises:
        DataError: With the place, and what to do.
    """
    if spec.startswith(PREFIX):
        return read_hub(spec)
    path, sheet = locate(spec, base_dir)
    if path.is_dir():
        return _read_directory(path, spec, encoding)
    return read_file(path, spec, encoding=encoding, delimiter=delimiter, sheet=sheet)


def is_local(spec: str) -> bool:
    """Whether a source is a file or folder of this machine."""
    return not spec.startswith(PREFIX)


def locate(spec: str, base_dir: Path) -> tuple[Path, str | None]:
    """The file or folder a source stands for, and the sheet it names.

    Raises:
        DataError: If there is none, with the nearest name in the same folder.
    """
    whole = base_dir / Path(spec).expanduser()
    file, sheet = (spec, None) if whole.exists() else sheet_of(spec)
    path = (base_dir / Path(file).expanduser()).resolve()
    if path.exists():
        return path, sheet
    siblings = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    near = nearest(path.name, siblings)
    raise DataError(
        "There is no file or folder '{spec}'.",
        where=str(path.parent),
        hint="Did you mean '{near}'?" if near else "Relative paths start at the recipe's folder.",
        spec=file,
        near=near,
    )


def _read_directory(path: Path, name: str, encoding: str | None) -> Raw:
    if is_by_class(path):
        return read_folder(path, name, encoding)
    if any(suffix_of(file.name) in SUFFIXES for file in path.rglob("*")):
        return read_layout(path, name)
    raise DataError(
        "The folder holds no text files by class and no tables." if any(path.iterdir())
        else "The folder is empty.",
        where=name,
        hint="Lay it out as folder/CLASS/*.txt, or give a file.",
    )  # fmt: skip
