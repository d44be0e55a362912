"""The same data and the same wishes are prepared once."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from luthier.core.files import sha256, verify_folder, write_folder_atomic
from luthier.data.operator import Operator
from luthier.data.sources import is_local, locate
from luthier.recipe.schema import Data

VARIABLE = "LUTHIER_CACHE"
"""Environment variable: the folder of the cache; ``off`` for none."""

MOST_BYTES = 4 * 2**30
"""The folders used longest ago go when all together are larger than this."""

LIBRARIES = ("ftfy", "numpy", "polars", "pyarrow", "scikit-learn")
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
                name = file.relative_to(path) if path.is_dir() else file.name
                digest.update(f"{name}\0{sha256(file)}\n".encode())
    return digest.hexdigest()


def read_files(config: Data, steps: Sequence[Operator], base_dir: Path) -> list[Path] | None:
    """The files and folders that a preparation reads; None where a source is none.

    Args:
        config: The recipe's section ``data``.
        steps: That will run.
        base_dir: Relative paths start here.
    """
    train = [config.train] if isinstance(config.train, str) else config.train
    named = [*train, config.validation, config.test, *config.restore]
    names = [*filter(None, named), *(name for step in steps for name in step.sources())]
    if not all(isinstance(name, str) and is_local(name) for name in names):
        return None
    return [locate(name, base_dir)[0] for name in names]


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
    sizes = {f: sum(p.stat().st_size for p in f.iterdir() if p.is_file()) for f in folders}
    total = sum(sizes.values())
    for folder in folders:
        if total <= MOST_BYTES or folder.name == keep:
            continue
        shutil.rmtree(folder, ignore_errors=True)
        total -= sizes[folder]
