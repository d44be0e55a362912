"""CoNLL-U: words with their lemma, part of speech and head, one a line.

https://universaldependencies.org/format.html, and CoNLL-U Plus with columns of its own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

Line = tuple[int, str]

COLUMNS = (
    "ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC",
)  # fmt: skip
NAMES = {
    "FORM": "tokens", "LEMMA": "lemmas", "UPOS": "upos", "XPOS": "xpos", "FEATS": "feats",
    "DEPREL": "deprels",
}  # fmt: skip
"""Columns of words that are kept, and what they are called here."""

GLOBAL = re.compile(r"#\s*global\.columns\s*=\s*(.+)")
COMMENT = re.compile(r"#\s*(\S[^=]*?)\s*=\s*(.*)")
INDEX, ASIDE = re.compile(r"\d+(?:[-.]\d+)?"), re.compile(r"\d+[-.]\d+")
HEAD = re.compile(r"\d+|_")
ENTITY_KEYS = ("NER", "Entity", "NE", "BIO")
SPAN = re.compile(r"O|[BIESLU]-\S+")
NONE = "_"
SAMPLE, SHOWN = 50, 5

REGULAR = 0.8
"""Share of the first lines that must have ten columns or more, so that few may be broken."""


@dataclass
class _Sentence:
    """One block of lines."""

    line: int
    comments: dict[str, str] = field(default_factory=dict)
    words: list[dict[str, str]] | None = field(default_factory=list)
    """Column to cell; None where the sentence is not sound."""


def is_tree_file(blocks: Sequence[Sequence[Line]]) -> bool:
    """Whether lines have the ten columns of CoNLL-U, or a comment says which they have."""
    if blocks and any(GLOBAL.match(line) for _, line in blocks[0]):
        return True
    lines = [line for block in blocks[:SAMPLE] for _, line in block if line[0] != "#"]
    cells = [line.split("\t") for line in lines[:SAMPLE]]
    fitting = (
        len(row) >= len(COLUMNS) and INDEX.fullmatch(row[0]) and HEAD.fullmatch(row[6])
        for row in cells
    )  # fmt: skip
    return bool(cells) and sum(map(bool, fitting)) >= REGULAR * len(cells)


def read_trees(blocks: Sequence[Sequence[Line]], name: str) -> tuple[pl.DataFrame, list[str]]:
    """A row for each sentence: ``line``, ``sent_id``, ``text``, and lists with a value a word.

    ``tokens``, ``lemmas``, ``upos``, ``xpos``, ``feats``, ``heads`` (index of the head from 1, 0
    for the root), ``deprels`` and ``ner_tags`` (from MISC, or a last column of such tags); those
    that no sentence has are left out. Ranges of words (``1-2``) and empty nodes (``1.1``) are no
    words. A sentence that is not sound has null for lists.

    Args:
        blocks: Lines between blank ones, with their numbers.
        name: The source, for messages.
    """
    columns = _columns(blocks)
    broken: dict[int, str] = {}
    sentences = [s for block in blocks if (s := _sentence(block, columns, broken)).words != []]
    return _frame(sentences, columns), _notes(broken)


def _notes(broken: Mapping[int, str]) -> list[str]:
    """One note on all lines for which sentences are left out."""
    if not broken:
        return []
    first = [f"line {number} has {what}" for number, what in list(broken.items())[:SHOWN]]
    more = ", ..." if len(broken) > SHOWN else ""
    return [f"{len(broken)} sentences are not sound: {', '.join(first)}{more}"]


def _columns(blocks: Sequence[Sequence[Line]]) -> tuple[str, ...]:
    """What the columns are called; further ones at the end have numbers."""
    for _, line in blocks[0]:
        if said := GLOBAL.match(line):
            return tuple(said[1].split())
    lines = [line for block in blocks[:SAMPLE] for _, line in block if line[0] != "#"]
    width = Counter(line.count("\t") + 1 for line in lines).most_common(1)[0][0]
    return (*COLUMNS, *(str(number) for number in range(len(COLUMNS) + 1, width + 1)))


def _sentence(block: Sequence[Line], columns: Sequence[str], broken: dict[int, str]) -> _Sentence:
    sentence = _Sentence(block[0][0])
    words: list[dict[str, str]] = []
    for number, line in block:
        if line[0] == "#":
            if said := COMMENT.match(line):
                sentence.comments[said[1]] = said[2]
            continue
        cells = line.split("\t")
        if len(cells) != len(columns):
            broken[number] = f"{len(cells)} cells in place of {len(columns)}"
            sentence.words = None
            continue
        word = dict(zip(columns, cells, strict=True))
        if not ASIDE.fullmatch(word.get("ID", "")):
            words.append({**word, "#": str(number)})
    if sentence.words is None:
        return sentence
    fault = _fault(words)
    if fault:
        broken[fault[0]] = fault[1]
    sentence.words = None if fault else words
    return sentence


def _fault(words: Sequence[Mapping[str, str]]) -> tuple[int, str] | None:
    """The first line that is not as it must be, and what it has."""
    for place, word in enumerate(words, 1):
        line = int(word["#"])
        if word.get("ID", str(place)) != str(place):
            return line, f"the number {word['ID']} in place of {place}"
        head = word.get("HEAD", NONE)
        if head != NONE and not (head.isdecimal() and int(head) <= len(words)):
            return line, f"the head {head}, which is no word of its sentence"
        if head == str(place):
            return line, "itself as its head"
    return None


def _frame(sentences: Sequence[_Sentence], columns: Sequence[str]) -> pl.DataFrame:
    found = [pl.Series("line", [s.line for s in sentences], dtype=pl.Int64)]
    for key in ("sent_id", "text"):
        if any(key in s.comments for s in sentences):
            found.append(pl.Series(key, [s.comments.get(key) for s in sentences], dtype=pl.String))
    for column, name in NAMES.items():
        lists = _lists(sentences, column)
        if column == "FORM" or _says(lists):
            found.append(pl.Series(name, lists, dtype=pl.List(pl.String)))
    heads = _lists(sentences, "HEAD")
    if _says(heads):
        numbers = [h and [None if n == NONE else int(n) for n in h] for h in heads]
        found.append(pl.Series("heads", numbers, dtype=pl.List(pl.Int64)))
    entities = _entities(sentences, columns)
    if entities is not None:
        found.append(pl.Series("ner_tags", entities, dtype=pl.List(pl.String)))
    return pl.DataFrame(found)


def _lists(sentences: Sequence[_Sentence], column: str) -> list[Any]:
    return [
        None if s.words is None else [word.get(column, NONE) for word in s.words]
        for s in sentences
    ]  # fmt: skip


def _says(lists: Sequence[Sequence[str] | None]) -> bool:
    return any(cell != NONE for cells in lists for cell in cells or ())


def _entities(sentences: Sequence[_Sentence], columns: Sequence[str]) -> list[Any] | None:
    """Tags of spans, from a key of MISC, from MISC itself, or from the last column."""
    misc = _lists(sentences, "MISC")
    for key in ENTITY_KEYS:
        if _says_key(misc, key) and _are_tags(by_key := _by_key(misc, key)):
            return by_key
    for whole in (misc, _lists(sentences, columns[-1])):
        tags = [cells and ["O" if c == NONE else c for c in cells] for cells in whole]
        if _are_tags(tags) and any(cell != "O" for cells in tags for cell in cells or ()):
            return tags
    return None


def _says_key(misc: Sequence[Sequence[str] | None], key: str) -> bool:
    return any(
        part.startswith(f"{key}=")
        for cells in misc for cell in cells or () for part in cell.split("|")
    )  # fmt: skip


def _by_key(misc: Sequence[Sequence[str] | None], key: str) -> list[Any]:
    """The values of a key in each cell of MISC; ``O`` where it has none."""

    def value(cell: str) -> str:
        pairs = (part.partition("=") for part in cell.split("|"))
        return next((said for name, mark, said in pairs if mark and name == key), "O")

    return [cells and [value(cell) for cell in cells] for cells in misc]


def _are_tags(lists: Sequence[Sequence[str] | None]) -> bool:
    """Whether all cells are tags of spans."""
    return all(SPAN.fullmatch(cell) for cells in lists for cell in cells or ())
