"""Files that are either whole or absent."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write ``content`` so that a reader, or a crash, never sees half of it."""
    data = content.encode("utf-8") if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp-{os.getpid()}")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    _sync_folder(path.parent)


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as readable JSON, atomically."""
    write_atomic(path, json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def read_json(path: Path) -> Any:
    """The JSON value in ``path``."""
    return json.loads(path.read_text(encoding="utf-8"))


def write_folder_atomic(path: Path, fill: Callable[[Path], None]) -> None:
    """Let ``fill`` write a folder under a temporary name, seal it with a manifest, rename it.

    The manifest (``manifest.json``) holds the SHA-256 of every file, so that
    :func:`verify_folder` can tell a whole folder from a damaged one. A folder that was
    there is replaced; :func:`restore_folder` brings it back should a crash fall between
    the two renames. No two processes may write the same folder.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        fill(temporary)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    files = sorted(file for file in temporary.rglob("*") if file.is_file())
    digests = {str(file.relative_to(temporary).as_posix()): sha256(file) for file in files}
    for file in files:
        _sync_file(file)
    write_json(temporary / "manifest.json", {"sha256": digests})
    replaced = _replaced(path)
    if path.exists():
        shutil.rmtree(replaced, ignore_errors=True)
        path.replace(replaced)
    temporary.replace(path)
    _sync_folder(path.parent)
    shutil.rmtree(replaced, ignore_errors=True)


def copy_files(source: Path, target: Path) -> None:
    """Copy all that is in a sealed folder, without its manifest, into an empty one."""
    shutil.copytree(
        source, target, ignore=shutil.ignore_patterns("manifest.json"), dirs_exist_ok=True
    )


def restore_folder(path: Path) -> bool:
    """Whether the folder is there, after undoing a replacement that a crash cut short."""
    if not path.exists() and _replaced(path).exists():
        _replaced(path).replace(path)
    return path.is_dir()


def _replaced(path: Path) -> Path:
    """Where a folder waits while another takes its place."""
    return path.with_name(f".{path.name}.old")


def verify_folder(path: Path) -> str | None:
    """What is wrong with a folder sealed by :func:`write_folder_atomic`, or None."""
    manifest = path / "manifest.json"
    if not manifest.is_file():
        return "manifest.json is missing"
    try:
        digests = read_json(manifest)["sha256"].items()
    except (ValueError, TypeError, KeyError):
        return "manifest.json is damaged"
    for name, digest in digests:
        file = path / name
        if not file.is_file():
            return f"{name} is missing"
        if sha256(file) != digest:
            return f"{name} does not have its SHA-256"
    return None


def sha256(path: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_file(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    """Make a rename durable. Windows has no handle on folders and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
