"""Data sets in the layout of the Hugging Face hub: from the hub, a mirror, or a folder."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePosixPath

import polars as pl

from luthier.core.errors import DataError, LuthierError
from luthier.core.lazy import lazy
from luthier.core.names import nearest
from luthier.data.sources.features import by_name, label_names
from luthier.data.sources.file import read_file
from luthier.data.sources.layout import CARD, files_by_split, parse_card
from luthier.data.sources.place import HUB
from luthier.data.sources.source import Raw

hub = lazy("huggingface_hub")

MIRROR = "LUTHIER_HUB_MIRROR"
"""Environment variable: a folder with data sets as ``owner/name``, used instead of the hub."""

FILE = "file_name"
"""Column in which the hub's tools name the file, an image say, that a row is about."""

Fetch = Callable[[str], Path]
"""Gives the place of one of the data set's files on this machine."""


def read_hub(spec: str) -> Raw:
    """The splits of ``hf:owner/name`` or ``hf:owner/name@config``.

    Only the files of the configuration are downloaded, and kept in the hub's own cache.

    Raises:
        DataError: If the data set cannot be had.
    """
    name, _, config = spec.removeprefix(HUB).partition("@")
    mirror = os.environ.get(MIRROR)
    if mirror:
        return read_layout(_in_mirror(Path(mirror).expanduser(), name), spec, config or None)
    try:
        paths = hub.HfApi().list_repo_files(name, repo_type="dataset")
        return _read(paths, lambda path: _download(name, path), spec, config or None)
    except LuthierError:
        raise
    # The library raises errors of many kinds for a wrong name, no network or no permission.
    except Exception as error:
        raise DataError(
            "The data set cannot be fetched: {reason}.",
            where=spec,
            hint="Check the name (hf:owner/name) and the network, or set {variable} to a folder.",
            reason=(str(error).strip().splitlines() or [type(error).__name__])[0].rstrip("."),
            variable=MIRROR,
        ) from None


def read_layout(folder: Path, name: str, config: str | None = None) -> Raw:
    """The splits of a folder that is laid out as a data set of the hub.

    Raises:
        DataError: If it holds no files of rows.
    """
    files = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    paths = [path.as_posix() for path in files if not path.name.startswith(".")]
    raw = _read(paths, lambda path: folder / path, name, config)
    return replace(raw, folder=folder)


def _read(paths: list[str], fetch: Fetch, name: str, config: str | None) -> Raw:
    text = fetch(CARD).read_text(encoding="utf-8", errors="replace") if CARD in paths else ""
    card = parse_card(text, name)
    try:
        classes = label_names(card, config)
        files_of = files_by_split(paths, card, config, name)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise DataError(
            "The data set's README.md begins with YAML that does not describe a data set.",
            where=f"{name}/{CARD}",
            hint="Put its first lines right, or take them out.",
        ) from None
    splits: dict[str, pl.DataFrame] = {}
    notes: list[str] = []
    digest = hashlib.sha256()
    for split, files in files_of.items():
        parts = []
        for path in files:
            raw = read_file(fetch(path), f"{name}/{path}")
            digest.update(f"{path}\0{raw.sha256}\n".encode())
            notes += [f"{path}: {note}" for note in raw.notes]
            parts.append(_with_places(by_name(raw.rows, classes), path))
        splits[split] = pl.concat(parts, how="diagonal_relaxed")
    order = [split for split in ("train", "validation", "test") if split in splits]
    return Raw(name, splits[order[0]], notes, {s: splits[s] for s in order}, digest.hexdigest())


def _with_places(rows: pl.DataFrame, path: str) -> pl.DataFrame:
    """Rows of ``metadata.csv`` and the like: the files they name stand beside it."""
    folder = PurePosixPath(path).parent.as_posix()
    if folder == "." or rows.schema.get(FILE) != pl.String:
        return rows
    return rows.with_columns(pl.format(f"{folder}/{{}}", FILE).alias(FILE))


def _in_mirror(mirror: Path, name: str) -> Path:
    folder = mirror / name
    if folder.is_dir():
        return folder
    near = nearest(name, [path.relative_to(mirror).as_posix() for path in mirror.glob("*/*")])
    raise DataError(
        "The mirror has no data set '{name}'.",
        where=str(mirror),
        hint="Did you mean '{near}'?" if near else "Unset {variable} to use the hub.",
        name=name,
        near=near,
        variable=MIRROR,
    )


def _download(name: str, path: str) -> Path:
    return Path(hub.hf_hub_download(name, path, repo_type="dataset"))
