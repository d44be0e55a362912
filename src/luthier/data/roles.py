"""What a task needs of a table, named by role rather than by column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SOURCE, ROW, SPLIT = "_source", "_row", "_split"
"""Columns that every row carries: its source, its index there (from 0), its split."""

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Role:
    """One column a task needs.

    Args:
        name: The column's name in prepared rows, e.g. ``text``.
        kind: What it holds. ``label``: one class name; ``labels``: several (a list, or
            text separated by ``,``, ``;`` or ``|``); ``number``: a score.
        synonyms: Names under which such a column usually comes, best first. A single one
            is no guess but the name that the recipe's task gives: it must be there.
        required: Whether a source without it is refused.
    """

    name: str
    kind: Literal["text", "label", "labels", "number"]
    synonyms: tuple[str, ...] = ()
    required: bool = True
