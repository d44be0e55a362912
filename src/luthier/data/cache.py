"""The same data and the same wishes are prepared once."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from luthier.core.files import sha256, verify_folder, write_folder_atomic
from luthier.data.images import image_columns, is_image
from luthier.data.operator import Operator
from luthier.data.sources import is_local, locate
from luthier.recipe.schema import Data

VARIABLE = "LUTHIER_CACHE"
"""Environment variable: the folder of the cache; ``off`` for none."""

MOST_BYTES = 4 * 2**30
"""The folders used longest ago go when all together are larger than this."""

LIBRARIES = ("ftfy", "numpy", "pillow", "polars", "pyarrow", "scikit-learn")
"""Whose versions decide what preparation gives."""


def cache_folder() -> Path | None:
    """Where prepared rows are kept, or None where they are not."""
    named = os.environ.get(VARIABLE)
    if named is not None and named.lower() in ("", "off", "0"):
        return None
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(named) if named else Path(home) / "luthier" / "prepared"


def cache_key(wishes: dict[str, Any], files: Sequence[Path]) -> str:
    """SHA-256 over what is asked for, the content of the files, and the code that does it.

    Args:
        wishes: Everything that decides the result beside the files; JSON.
        files: Files and folders that are read.
    """
    digest = hashlib.sha256(json.dumps(wishes, sort_keys=True, default=str).encode())
    for library in LIBRARIES:
        digest.update(f"{library} {version(library)}\n".encode())
    code = Path(__file__).parent
    for path in [*sorted(code.rglob("*.py")), *files]:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                # Prepared rows name the files of images, so they are of this place alone.
                of_place = path.is_dir() and is_image(file.name)
                inside = file.relative_to(path if path.is_dir() else path.parent)
                name = file if of_place else inside
                digest.update(f"{name}\0{sha256(file)}\n".encode())
    return digest.hexdigest()


def read_files(config: Data, steps: Sequence[Operator], base_dir: Path) -> list[Path] | None:
    """The files and folders that a preparation reads; None where a source is none of these.

    Args:
        config: The recipe's section ``data``.
        steps: That will run.
        base_dir: Relative paths start here.
    """
    splits = ("train", "validation", "test")
    named = [one.source for split in splits for one in config.sources(split)]
    names = [*named, *config.restore, *(name for step in steps for name in step.sources())]
    if not all(map(is_local, names)):
        return None
    return [locate(name, base_dir)[0] for name in names]


def is_lasting(splits: Mapping[str, pl.DataFrame], config: Data, base_dir: Path) -> bool:
    """Whether all that rows stand on is in the files of :func:`read_files`.

    A table may name images that are anywhere: then it may change while the table does not.

    Args:
        splits: Prepared rows.
        config: The recipe's section ``data``, all of whose sources are local.
        base_dir: Relative paths start here.
    """
    folders = read_files(config, (), base_dir) or []
    for rows in splits.values():
        for name in image_columns(rows):
            image = rows[name].struct
            files = image.field("path").filter(image.field("bytes").is_null()).drop_nulls()
            if not all(any(Path(file).is_relative_to(f) for f in folders) for file in files):
                return False
    return True


def cached(key: str) -> Path | None:
    """The folder that was prepared under this key, if it is still whole."""
    root = cache_folder()
    folder = root / key if root else None
    if folder is None or not folder.is_dir():
        return None
    if verify_folder(folder) is not None:
        shutil.rmtree(folder, ignore_errors=True)
        return None
    os.utime(folder)
    return folder


def remember(key: str, fill: Callable[[Path], None]) -> Path | None:
    """Keep a folder of prepared rows and give its place; a cache that cannot be written is none.

    Args:
        key: From :func:`cache_key`.
        fill: Writes what is to be kept into an empty folder.
    """
    root = cache_folder()
    if root is None:
        return None
    unfinished = root / f".{key}.{os.getpid()}"
    try:
        write_folder_atomic(unfinished, fill)
        unfinished.rename(root / key)
        _trim(root, keep=key)
    except OSError:
        shutil.rmtree(unfinished, ignore_errors=True)
    return cached(key)


def _trim(root: Path, keep: str) -> None:
    folders = sorted((f for f in root.iterdir() if f.is_dir()), key=lambda f: f.stat().st_mtime)
    sizes = {f: sum(p.stat().st_size for p in f.rglob("*") if p.is_file()) for f in folders}
    total = sum(sizes.values())
    for folder in folders:
        if total <= MOST_BYTES or folder.name == keep:
            continue
        shutil.rmtree(folder, ignore_errors=True)
        total -= sizes[folder]
