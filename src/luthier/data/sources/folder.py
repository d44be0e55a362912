"""A folder of text files by class: ``positive/1.txt``, ``negative/2.txt``."""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl

from luthier.data.sources.encoding import decode
from luthier.data.sources.source import Raw

PATTERN = "*/*.txt"


def is_by_class(path: Path) -> bool:
    """Whether the folder has subfolders with text files."""
    return next(path.glob(PATTERN), None) is not None


def read_folder(path: Path, name: str, encoding: str | None) -> Raw:
    """Columns ``text``, ``label`` (the subfolder's name) and ``file``, in the order of names.

    An empty file is a row without text.
    """
    rows: list[tuple[str, str, str]] = []
    notes: list[str] = []
    digest = hashlib.sha256()
    for file in sorted(path.glob(PATTERN)):
        place = f"{file.parent.name}/{file.name}"
        content = file.read_bytes()
        digest.update(f"{place}\0{len(content)}\0".encode() + content)
        text, remarks = decode(content, f"{name}/{place}", encoding)
        notes += [f"{place}: {remark}" for remark in remarks]
        rows.append((text, file.parent.name, place))
    frame = pl.DataFrame(rows, schema=["text", "label", "file"], orient="row")
    return Raw(name, frame, notes, sha256=digest.hexdigest())
