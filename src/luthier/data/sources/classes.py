"""Folders by class: ``positive/1.txt``, ``daisy/1.jpg``, also within ``train`` and ``test``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from luthier.data.sources.layout import split_called

Files = dict[str, list[tuple[str, Path]]]
"""Split to class and file of each row; the split is empty where the folder has none."""


def files_by_class(folder: Path, endings: Sequence[str]) -> Files:
    """The files of every class, in the order of names; empty unless there are two classes.

    Args:
        folder: With a subfolder for each class, or one for each split with such subfolders.
        endings: Of the files that count.
    """
    splits: Files = {}
    for sub in _subfolders(folder):
        if split := split_called(sub.name):
            splits.setdefault(split, []).extend(_classes(sub, endings))
    splits = {split: files for split, files in splits.items() if files}
    if any(_several(files) for files in splits.values()):
        return splits
    own = _classes(folder, endings)
    return {"": own} if _several(own) else {}


def _classes(folder: Path, endings: Sequence[str]) -> list[tuple[str, Path]]:
    return [
        (sub.name, file)
        for sub in _subfolders(folder)
        if not split_called(sub.name)
        for file in sorted(sub.iterdir())
        if file.name.lower().endswith(tuple(endings)) and not file.name.startswith(".")
    ]


def _subfolders(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))


def _several(files: Sequence[tuple[str, Path]]) -> bool:
    return len({name for name, _ in files}) > 1
