"""What a task needs of a table, named by role rather than by column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SOURCE, ROW, SPLIT = "_source", "_row", "_split"
"""Columns that every row carries: its source, its index there (from 0), its split."""

GROUP = "_group"
"""Column that a step may add: rows with the same whole number stay in one split; null: alone."""

ADDED = "_added"
"""Column of prepared rows: the step that made the row; null where it is a source's own."""

WEIGHT = "_weight"
"""Column of rows whose source has a weight: how often each is to be in train."""

MARKS = (SOURCE, ROW, SPLIT, GROUP, ADDED, WEIGHT)
"""All columns that are about a row rather than of it."""

SPLITS = ("train", "validation", "test")


Kind = Literal[
    "text", "verbatim", "dialogue", "tokens", "image", "tags", "heads", "label", "labels",
    "number", "spans", "extra",
]  # fmt: skip

SAID: tuple[Kind, ...] = ("text", "verbatim", "dialogue", "tokens")
"""Kinds of role that hold what a row says."""

GIVEN: tuple[Kind, ...] = (*SAID, "image")
"""Kinds of role that a model is given to answer."""

ANSWERS: tuple[Kind, ...] = ("label", "labels", "number")
"""Kinds of role that hold a row's answer in one value."""


@dataclass(frozen=True)
class Role:
    """One column a task needs.

    Args:
        name: The column's name in prepared rows, e.g. ``text``.
        kind: What it holds. ``text``: text that may be cleaned; ``verbatim``: text that other
            columns point into, so never changed; ``dialogue``: a list of turns, structs with
            ``role`` and ``content``; ``tokens``: a list of words, never changed; ``tags``: a
            list with one label a token; ``heads``: a list with the number, from 1, of each
            token's head, 0 for the root. ``image``: a struct with ``path``, ``bytes`` and
            ``sha256``. ``label``: one class name; ``labels``: several (a list,
            or text separated by ``,``, ``;`` or ``|``); ``number``: a score. ``spans``: a list
            of answers, structs with ``text`` and ``start``. ``extra``: carried along.
        synonyms: Names under which such a column usually comes, best first. A single one
            is no guess but the name that the recipe's task gives: it must be there.
        required: Whether a source without it is refused.
        beside: For each synonym the column that an earlier role must have taken: two columns that
            are known by their names together only, as ``premise`` and ``hypothesis``.
        learned: Whether the model is to write it, so that it is not given one to answer.
    """

    name: str
    kind: Kind
    synonyms: tuple[str, ...] = ()
    required: bool = True
    beside: tuple[str, ...] = ()
    learned: bool = False

    @property
    def given(self) -> bool:
        """Whether a model is given it to answer."""
        return self.kind in GIVEN and not self.learned
