"""Which files of a data set in the hub's layout make which split.

A data set says so in its ``README.md`` (YAML front matter, key ``configs``), or by file
names such as ``data/train-00000-of-00001.parquet``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from luthier.core.errors import DataError
from luthier.core.names import nearest
from luthier.data.sources.content import SUFFIXES, suffix_of

CARD = "README.md"

SPLIT_NAMES = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing", "eval", "evaluation"),
}
"""Names that a split goes by in files and cards."""

Card = dict[str, Any]
"""The front matter of a data set's README."""


def parse_card(text: str, where: str) -> Card:
    """The YAML between the two ``---`` lines on top of a README; empty without them.

    Raises:
        DataError: If it is not YAML.
    """
    match = re.match(r"---\s*\n(.*?\n)---\s*(?:\n|\Z)", text, re.DOTALL)
    try:
        value = YAML(typ="safe").load(match[1]) if match else None
    except YAMLError as error:
        raise DataError(
            "The data set's README.md begins with YAML that cannot be read: {reason}.",
            where=where,
            hint="Put its first lines right, or take them out.",
            reason=str(error).splitlines()[0],
        ) from None
    return value if isinstance(value, dict) else {}


def files_by_split(
    paths: Iterable[str], card: Card, config: str | None, where: str
) -> dict[str, list[str]]:
    """The files of every split that the data set, or one configuration of it, has.

    Args:
        paths: All files, relative, with ``/``.
        card: Of the README.
        config: The configuration; default: the only one, or the one called default.
        where: The data set, for messages.

    Raises:
        DataError: If there is no such configuration, several to choose from, or no file.
    """
    readable = sorted(path for path in paths if suffix_of(path) in SUFFIXES)
    configs = {str(c.get("config_name", "default")): c for c in card.get("configs") or []}
    folders = sorted({PurePosixPath(p).parts[0] for p in readable if "/" in p} - {"data"})
    if configs:
        found = _declared(readable, _choose(configs, config, where))
    elif config is None or config == "default":
        found = _by_name(readable)
    elif config in folders:
        found = _by_name([path for path in readable if path.startswith(f"{config}/")])
    else:
        raise _no_config(config, folders, where)
    if not found:
        raise DataError(
            "The data set has no files of rows that luthier reads.",
            where=where,
            hint="It needs parquet, csv, tsv, json, jsonl or arrow files.",
        )
    return found


def _choose(configs: dict[str, Card], wanted: str | None, where: str) -> Card:
    if wanted is not None and wanted not in configs:
        raise _no_config(wanted, list(configs), where)
    marked = next((key for key, value in configs.items() if value.get("default")), "default")
    if len(configs) == 1:
        marked = next(iter(configs))
    chosen = wanted or marked
    if chosen not in configs:
        raise DataError(
            "The data set has several configurations: {configs}.",
            where=where,
            hint="Name one: {spec}@{first}",
            spec=where,
            configs=", ".join(configs),
            first=next(iter(configs)),
        )
    return configs[chosen]


def _declared(paths: list[str], config: Card) -> dict[str, list[str]]:
    """The files a configuration lists: a pattern, several, or patterns by split."""
    entries = config.get("data_files") or "**"
    folder = str(config.get("data_dir") or "").strip("/")
    entries = entries if isinstance(entries, list) else [entries]
    found: dict[str, list[str]] = {}
    for entry in entries:
        by_split = isinstance(entry, dict)
        patterns = entry.get("path", "**") if by_split else entry
        patterns = patterns if isinstance(patterns, list) else [patterns]
        full = [f"{folder}/{pattern}" if folder else str(pattern) for pattern in patterns]
        files = [path for path in paths if any(_matches(path, pattern) for pattern in full)]
        if not by_split:
            for split, named in _by_name(files).items():
                found.setdefault(split, []).extend(named)
        elif files and (called := split_called(str(entry.get("split", "train")))):
            found.setdefault(called, []).extend(files)
    return found


def _matches(path: str, pattern: str) -> bool:
    """Whether a glob fits; ``**/`` also stands for no folder, and ``*`` for no ``/``."""
    if "**" in pattern:
        return fnmatchcase(path, pattern) or fnmatchcase(path, pattern.replace("**/", ""))
    return path.count("/") == pattern.count("/") and fnmatchcase(path, pattern)


def _by_name(paths: list[str]) -> dict[str, list[str]]:
    """Files by the word for a split in their names; without any such word all are train."""
    found: dict[str, list[str]] = {}
    for path in paths:
        split = _split_in(path)
        if split:
            found.setdefault(split, []).append(path)
    return found or ({"train": paths} if paths else {})


def _split_in(path: str) -> str | None:
    words = re.split(r"[^a-z]+", path.lower())
    return next((split for word in reversed(words) if (split := split_called(word))), None)


def split_called(name: str) -> str | None:
    """The split that a word stands for, or None."""
    return next((split for split, names in SPLIT_NAMES.items() if name.lower() in names), None)


def _no_config(wanted: str, known: list[str], where: str) -> DataError:
    near = nearest(wanted, known)
    return DataError(
        "The data set has no configuration '{wanted}'.",
        where=where,
        hint="Did you mean '{near}'?" if near else "It has: {known}.",
        wanted=wanted,
        near=near,
        known=", ".join(known) or "default",
    )
