"""Formats of sentences as files have them: columns of tags, and trees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import polars as pl

from luthier.data.formats.annotations import Tokens
from luthier.data.formats.format import Columns, Format, Row, by_name, is_listed, items

NONE = "_"
SPACES = " \t\n\r"

OPTIONAL = {
    "entities": ("entities", "ner_tags", "ner"), "lemmas": ("lemmas", "lemma"),
    "xpos": ("xpos", "xpos_tags"), "feats": ("feats", "feat", "morph"),
}  # fmt: skip
"""Canonical lists that a tree may lack, and what they are called elsewhere."""


class Conllu(Format):
    """Trees: words with part of speech, head and relation; perhaps entities and more."""

    name: ClassVar[str] = "conllu"
    family: ClassVar[str] = "parse"
    ending: ClassVar[str] = ".conllu"

    def match(self, rows: pl.DataFrame) -> Columns | None:
        """Lists of words, heads and relations."""
        found = {
            "tokens": by_name(rows, "tokens", "words", "form"),
            "tags": by_name(rows, "upos", "upos_tags", "xpos", "pos_tags", "pos", "tags"),
            "heads": by_name(rows, "heads", "head"),
            "deprels": by_name(rows, "deprels", "deprel", "rels", "rel"),
        }
        if not all(is_listed(rows, column) for column in found.values()):
            return None
        more = {name: by_name(rows, *names) for name, names in OPTIONAL.items()}
        found |= {name: column for name, column in more.items() if is_listed(rows, column)}
        return {name: column for name, column in found.items() if column}

    def read_row(self, row: Row, columns: Columns) -> dict[str, Any] | None:
        """The lists; None where they are not as long as the words, or the heads are no tree."""
        lists = {name: items(row[column]) for name, column in columns.items()}
        words = lists["tokens"]
        if not words or any(cells and len(cells) != len(words) for cells in lists.values()):
            return None
        # Sets of the hub list ranges of words among the words, without a head.
        kept = [n for n, head in enumerate(lists["heads"] or ()) if str(head) != "None"]
        lists = {name: cells and [cells[n] for n in kept] for name, cells in lists.items()}
        heads = _numbers(lists["heads"])
        if heads is None or not is_tree(heads) or not lists["tags"] or not lists["deprels"]:
            return None
        said = {name: _said(cells) for name, cells in lists.items()}
        unsaid = {name: None for name in OPTIONAL if set(said.get(name) or ()) == {NONE}}
        return {**said, **unsaid, "heads": heads}

    def write_row(self, row: Row) -> dict[str, Any] | None:
        """One line a word, of ten columns; entities stand in MISC, as ``NER=B-PER``, ``NER=O``."""
        words = row["tokens"]
        if any(_has_no_room(word) for word in words):
            return None
        return {key: row.get(key) for key in ("sent_id", "text", *_LISTS)}

    def as_text(self, written: dict[str, Any]) -> str:
        """Comments, then the lines, then a blank one."""
        words = written["tokens"]
        entities = written["entities"] or [NONE] * len(words)
        misc = [tag if tag == NONE else f"NER={tag}" for tag in entities]
        blank = [NONE] * len(words)
        lists = [written[key] or blank for key in ("tokens", "lemmas", "tags", "xpos", "feats")]
        heads, deprels = written["heads"], written["deprels"]
        columns = (range(1, len(words) + 1), *lists, heads, deprels, blank, misc)
        comments = [
            f"# {key} = {' '.join(str(written[key]).split())}"
            for key in ("sent_id", "text") if written[key]
        ]  # fmt: skip
        return _block(comments, zip(*columns, strict=True))


_LISTS = ("tokens", "tags", "heads", "deprels", "entities", "lemmas", "xpos", "feats")


class Conll(Tokens):
    """Column files: a word and its tag a line."""

    name: ClassVar[str] = "conll"
    ending: ClassVar[str] = ".conll"

    def match(self, rows: pl.DataFrame) -> Columns | None:
        """As our reader of such files gives them: with the line where a sentence begins."""
        return super().match(rows) if "line" in rows.columns else None

    def write_row(self, row: Row) -> dict[str, Any] | None:
        """Words and tags, if each can stand in a column."""
        cells = (*row["tokens"], *(row["tags"] or [""]))
        return None if any(map(_has_no_room, cells)) else {k: row[k] for k in ("tokens", "tags")}

    def as_text(self, written: dict[str, Any]) -> str:
        """The lines, then a blank one."""
        return _block([], zip(written["tokens"], written["tags"], strict=True))


def is_tree(heads: Sequence[int]) -> bool:
    """Whether every word leads to the root: heads are words or 0, and none is its own ancestor."""
    known = {0}
    for place in range(1, len(heads) + 1):
        path: set[int] = set()
        while place not in known:
            if place in path or not 0 < place <= len(heads):
                return False
            path.add(place)
            place = heads[place - 1]
        known |= path
    return True


def _said(cells: list[Any] | None) -> list[str] | None:
    return cells and [NONE if cell is None else str(cell) for cell in cells]


def _numbers(heads: list[Any] | None) -> list[int] | None:
    said = [str(head) for head in heads or ()]
    return [int(head) for head in said] if said and all(map(str.isdecimal, said)) else None


def _has_no_room(word: str) -> bool:
    """Whether a word cannot stand in a column: it is empty, or has a tab or line end."""
    return not word.strip(SPACES) or any(space in word for space in "\t\n\r")


def _block(comments: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    lines = ["\t".join(map(str, row)) for row in rows]
    return "\n".join([*comments, *lines]) + "\n\n"
