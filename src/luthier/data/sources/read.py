"""Which kind a source is."""

from __future__ import annotations

from pathlib import Path

from luthier.core.errors import DataError
from luthier.data.images import ENDINGS
from luthier.data.sources.address import is_database
from luthier.data.sources.classes import files_by_class
from luthier.data.sources.content import SUFFIXES, suffix_of
from luthier.data.sources.database import read_database
from luthier.data.sources.file import read_file
from luthier.data.sources.folder import (
    TEXT_ENDINGS,
    read_documents,
    read_images,
    read_texts,
    text_files,
)
from luthier.data.sources.hub import read_hub, read_layout
from luthier.data.sources.place import HUB, locate, sliced
from luthier.data.sources.source import Raw


def read_source(
    spec: str,
    *,
    base_dir: Path,
    encoding: str | None = None,
    delimiter: str | None = None,
    seed: int = 0,
) -> Raw:
    """Read any source, values as they are.

    Args:
        spec: A file (gzip or not), ``book.xlsx#Sheet``, a folder of texts or images by class or
            laid out as a data set of the hub, ``hf:owner/name`` or ``hf:owner/name@config``,
            ``sqlite:///file.db#table`` or another database with a table or query; each perhaps
            with a slice such as ``[:1000]`` behind it.
        base_dir: Relative paths start here.
        encoding: Of text files; default: detected.
        delimiter: Of text tables; default: detected.
        seed: Of a slice by chance.

    Raises:
        DataError: With the place, and what to do.
    """
    name, part = sliced(spec, base_dir, seed)
    if name.startswith(HUB):
        raw = read_hub(name)
    elif is_database(name):
        raw = read_database(name, base_dir, part.most if part else None)
    else:
        path, sheet = locate(name, base_dir)
        raw = (
            _read_directory(path, name, encoding) if path.is_dir()
            else read_file(path, name, encoding=encoding, delimiter=delimiter, sheet=sheet)
        )  # fmt: skip
    return raw if part is None else raw.cut(part)


def _read_directory(path: Path, name: str, encoding: str | None) -> Raw:
    if images := files_by_class(path, ENDINGS):
        return read_images(images, path, name)
    if texts := files_by_class(path, TEXT_ENDINGS):
        return read_texts(texts, path, name, encoding)
    if any(suffix_of(file.name) in SUFFIXES for file in path.rglob("*")):
        return read_layout(path, name)
    if files := text_files(path):
        return read_documents(files, path, name, encoding)
    raise DataError(
        "The folder holds no texts or images by class, no tables and no texts."
        if any(path.iterdir())
        else "The folder is empty.",
        where=name,
        hint="Lay it out as folder/CLASS/*.txt or folder/CLASS/*.jpg, or give a file.",
    )
