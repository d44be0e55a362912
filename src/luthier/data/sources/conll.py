"""Words with tags, one a line: column files (CoNLL, IOB) and trees (CoNLL-U)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import polars as pl

from luthier.core.errors import DataError
from luthier.data.sources.trees import is_tree_file, read_trees

Line = tuple[int, str]
"""Number, from 1, and text."""

Words = tuple[int, list[list[str]] | None]
"""Line where a sentence begins, and the cells of its words; None where it is not sound."""

TAG = re.compile(r"O|[BIESLUM](?:-\S+)?")
DOCUMENT = "-DOCSTART-"
SAMPLE = 2000
SHOWN = 5

REGULAR = 0.98
"""Share of the first lines that must have the usual number of cells and a tag among them."""

_BLANKS = re.compile(r"[ \t]+")
_INDEX = re.compile(r"\d+(?:[-.]\d+)?")


def read_conll(text: str, name: str) -> tuple[pl.DataFrame, list[str]]:
    """A row for each sentence: ``line`` where it begins, and a list for each column.

    Of a column file ``tokens`` and ``ner_tags`` (``tags`` where they are of another kind), and
    ``column_2`` and so on for the others; of trees see :func:`read_trees`. A sentence with a line
    of too many or too few cells has null for lists.

    Raises:
        DataError: If the file has no line of two cells or more.
    """
    blocks = list(_blocks(text))
    if is_tree_file(blocks):
        return read_trees(blocks, name)
    tabs = _has_tabs(blocks)
    rows = [[(number, _cells(line, tabs)) for number, line in block] for block in blocks]
    first = [cells for block in rows for _, cells in block if cells[0][:1] != "#"][:SAMPLE]
    width = _usual_width(first)
    if width < 2:
        raise DataError(
            "No line of the file has two cells: a word and its tag.",
            where=name,
            hint="Write one word a line, its tag behind a tab, and a blank line after a sentence.",
        )
    word, tag = _word_and_tag([cells for cells in first if len(cells) == width], width)
    known = {
        cells[tag] for block in rows for _, cells in block
        if len(cells) == width and cells[0][:1] != "#"
    }  # fmt: skip
    notes: list[str] = []
    sentences = _sentences(rows, width, word, tag, known, notes)
    return _frame(sentences, width, word, tag, known), notes


def is_conll(text: str) -> bool:
    """Whether a text is sentences with a word and a tag, or a node of a tree, a line."""
    blocks = list(_blocks(text[: 200 * SAMPLE]))
    if is_tree_file(blocks):
        return True
    tabs = _has_tabs(blocks)
    lines = [line for block in blocks for _, line in block if not line.startswith("#")][:SAMPLE]
    cells = [_cells(line, tabs) for line in lines]
    width = _usual_width(cells)
    regular = [row for row in cells if len(row) == width]
    if width < 2 or len(regular) < REGULAR * len(cells) or len(blocks) < 2:
        return False
    return any(_is_tags([row[index] for row in regular]) for index in range(width))


def _blocks(text: str) -> Iterator[list[Line]]:
    """Lines between blank ones."""
    block: list[Line] = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            block.append((number, line.rstrip("\r")))
        elif block:
            yield block
            block = []
    if block:
        yield block


def _has_tabs(blocks: Sequence[Sequence[Line]]) -> bool:
    lines = [line for block in blocks[:SAMPLE] for _, line in block]
    return sum("\t" in line for line in lines) > 0.5 * len(lines)


def _cells(line: str, tabs: bool) -> list[str]:
    return line.split("\t") if tabs else _BLANKS.split(line.strip(" \t"))


def _usual_width(rows: Sequence[Sequence[str]]) -> int:
    counts = Counter(len(cells) for cells in rows)
    return max(counts, key=lambda width: (counts[width], width)) if counts else 0


def _word_and_tag(rows: Sequence[Sequence[str]], width: int) -> tuple[int, int]:
    """Places of the word and the tag: a running number before the word is passed over.

    The tag is the last column of such as named entities have, else the last one that varies.
    """
    columns = [[cells[index] for cells in rows] for index in range(width)]
    numbered = width > 2 and all(_INDEX.fullmatch(cell) for cell in columns[0])
    word = 1 if numbered else 0
    if width == 2 and _is_tags(columns[0]) and not _is_tags(columns[1]):
        return 1, 0
    rest = range(word + 1, width)
    tags = [index for index in rest if _is_tags(columns[index])]
    varied = [index for index in rest if len(set(columns[index])) > 1]
    return word, (tags or varied or list(rest))[-1]


def _is_tags(cells: Sequence[str]) -> bool:
    """Whether cells are tags of spans: ``O``, ``B-PER``, ``I-PER`` ..., some of them inside one."""
    matching = sum(TAG.fullmatch(cell) is not None for cell in cells)
    return matching >= REGULAR * len(cells) and any(
        cell != "O" and TAG.fullmatch(cell) for cell in cells
    )


def _sentences(
    blocks: Sequence[Sequence[tuple[int, list[str]]]], width: int, word: int, tag: int,
    known: set[str], notes: list[str],
) -> list[Words]:  # fmt: skip
    """The sentences without comments and marks of documents; those that are not sound are noted."""
    sentences: list[Words] = []
    broken: list[int] = []
    for block in blocks:
        words, sound = [], True
        for number, cells in block:
            regular = len(cells) == width and bool(cells[word].strip(" "))
            if cells[0].startswith("#") and not (regular and cells[tag] in known):
                continue
            if cells[0].strip() == DOCUMENT:
                continue
            words.append((number, cells))
            if not regular:
                broken.append(number)
                sound = False
        if words:
            sentences.append((words[0][0], [cells for _, cells in words] if sound else None))
    note_broken(broken, f"other than {width} cells", notes)
    return sentences


def _frame(
    sentences: Sequence[Words], width: int, word: int, tag: int, known: set[str]
) -> pl.DataFrame:
    names = {word: "tokens", tag: "ner_tags" if _is_tags(sorted(known)) else "tags"}
    lines = [pl.Series("line", [line for line, _ in sentences], dtype=pl.Int64)]
    lists = [
        pl.Series(
            names.get(index, f"column_{index + 1}"),
            [None if words is None else [cells[index] for cells in words]
             for _, words in sentences],
            dtype=pl.List(pl.String),
        )
        for index in sorted(range(width), key=lambda index: (index not in names, index != word))
    ]  # fmt: skip
    return pl.DataFrame([*lines, *lists])


def note_broken(lines: Sequence[int], what: str, notes: list[str]) -> None:
    """Note the lines for which sentences are left out."""
    if lines:
        which = ", ".join(map(str, lines[:SHOWN])) + (", ..." if len(lines) > SHOWN else "")
        notes.append(f"{len(lines)} lines have {what} (lines {which}): their sentences are no rows")
