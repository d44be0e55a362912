"""Folders of texts and of images, by class or not."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from luthier.data.images import of_files
from luthier.data.sources.classes import Files
from luthier.data.sources.content import TEXTS, suffix_of
from luthier.data.sources.encoding import decode
from luthier.data.sources.source import Raw

TEXT_ENDINGS = (".txt",)
"""Of files by class."""

ABOUT = ("readme", "license", "licence", "source")
"""Files of these names tell of the others."""

ORDER = ("train", "validation", "test", "")


def read_texts(found: Files, path: Path, name: str, encoding: str | None) -> Raw:
    """Columns ``text``, ``label`` (the subfolder's name) and ``file``, in the order of names.

    An empty file is a row without text.

    Args:
        found: Files by split and class.
        path: The folder.
        name: The source.
        encoding: Of all files; default: detected.
    """
    notes: list[str] = []
    digest = hashlib.sha256()
    splits = {}
    for split, files in found.items():
        texts = _texts([file for _, file in files], path, name, encoding, notes, digest)
        labels = pl.Series("label", [label for label, _ in files], dtype=pl.String)
        splits[split] = pl.DataFrame([texts["text"], labels, texts["file"]])
    return _raw(name, splits, path, digest.hexdigest(), notes)


def read_images(found: Files, path: Path, name: str) -> Raw:
    """Columns ``image``, ``label`` (the subfolder's name) and ``file``, in the order of names."""
    digest = hashlib.sha256()
    splits = {}
    for split, files in found.items():
        images = of_files(file for _, file in files)
        labels = pl.Series("label", [label for label, _ in files], dtype=pl.String)
        places = pl.Series("file", [_place(file, path) for _, file in files], dtype=pl.String)
        for place, content in zip(places, images.struct.field("sha256"), strict=True):
            digest.update(f"{place}\0{content}\n".encode())
        splits[split] = pl.DataFrame([images, labels, places])
    return _raw(name, splits, path, digest.hexdigest(), [])


def text_files(path: Path) -> list[Path]:
    """Files of plain text in a folder and all below it, but for those that tell of the others."""
    return sorted(
        file for file in path.rglob("*")
        if file.is_file() and suffix_of(file.name) in TEXTS and not file.name.startswith(".")
        and file.stem.lower() not in ABOUT
    )  # fmt: skip


def read_documents(files: Sequence[Path], path: Path, name: str, encoding: str | None) -> Raw:
    """Columns ``text`` and ``file``: each file is a row."""
    notes: list[str] = []
    digest = hashlib.sha256()
    texts = _texts(files, path, name, encoding, notes, digest)
    return Raw(name, texts, notes, sha256=digest.hexdigest(), folder=path)


def _texts(
    files: Sequence[Path], path: Path, name: str, encoding: str | None, notes: list[str],
    digest: hashlib._Hash,
) -> pl.DataFrame:  # fmt: skip
    rows: list[tuple[str, str]] = []
    for file in files:
        place = _place(file, path)
        content = file.read_bytes()
        digest.update(f"{place}\0{len(content)}\0".encode() + content)
        text, remarks = decode(content, f"{name}/{place}", encoding)
        notes += [f"{place}: {remark}" for remark in remarks]
        rows.append((text, place))
    return pl.DataFrame(rows, schema={"text": pl.String, "file": pl.String}, orient="row")


def _place(file: Path, folder: Path) -> str:
    return file.relative_to(folder).as_posix()


def _raw(
    name: str, splits: dict[str, pl.DataFrame], path: Path, sha256: str, notes: list[str]
) -> Raw:
    """The source; rows without a split of their own come as they are."""
    ordered = {split: splits[split] for split in ORDER if split in splits}
    first = next(iter(ordered.values()))
    named = {} if "" in ordered else ordered
    return Raw(name, first, notes, named, sha256=sha256, folder=path)
