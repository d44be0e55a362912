"""A folder of text files by class: ``positive/1.txt``, ``negative/2.txt``."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from luthier.core.errors import DataError
from luthier.data.sources.text import decode


def read_folder(path: Path, name: str, encoding: str | None) -> pl.DataFrame:
    """Columns ``text``, ``label`` (the subfolder's name) and ``file``, in the order of names.

    Raises:
        DataError: If the subfolders hold no text files.
    """
    rows = []
    for file in sorted(path.glob("*/*.txt")):
        text, _ = decode(file.read_bytes(), str(file), encoding)
        rows.append((text, file.parent.name, f"{file.parent.name}/{file.name}"))
    if not rows:
        raise DataError(
            "The folder holds no text files by class.",
            where=name,
            hint="Lay it out as folder/CLASS/*.txt, or give a file.",
        )
    return pl.DataFrame(rows, schema=["text", "label", "file"], orient="row")
