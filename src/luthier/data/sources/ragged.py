"""Rows with more or fewer cells than the header."""

from __future__ import annotations

from statistics import fmean

from luthier.data.sources.cells import Row

SAMPLE = 1000
SHOWN = 5


def even_out(rows: list[Row], columns: list[str], delimiter: str, notes: list[str]) -> None:
    """Give every row as many cells as there are columns, in place; repairs are noted.

    Missing cells become null. Cells too many at a row's end that are empty go; others come
    of delimiters within unquoted text, so they are joined where the longest texts are.
    """
    width = len(columns)
    short: list[int] = []
    trimmed: list[int] = []
    joined: list[int] = []
    longest = _longest_column(rows, width)
    for line, cells in rows:
        if len(cells) < width:
            short.append(line)
            cells += [None] * (width - len(cells))  # type: ignore[list-item]
        elif len(cells) > width:
            while len(cells) > width and not cells[-1].strip():
                cells.pop()
            (trimmed if len(cells) == width else joined).append(line)
            last = longest + len(cells) - width + 1
            cells[longest:last] = [delimiter.join(cells[longest:last])]
    _note(notes, short, "fewer cells than the header: the missing ones are empty")
    _note(notes, trimmed, "more cells than the header, all empty: they were dropped")
    _note(
        notes, joined,
        f"more cells than the header: the extra ones were joined to column '{columns[longest]}'",
    )  # fmt: skip


def _longest_column(rows: list[Row], width: int) -> int:
    """The column with the longest cells, judged on rows that have the right number."""
    sample = [cells for _, cells in rows if len(cells) == width][:SAMPLE]
    if not sample:
        return width - 1
    return max(range(width), key=lambda index: fmean(len(cells[index]) for cells in sample))


def _note(notes: list[str], lines: list[int], what: str) -> None:
    if lines:
        which = ", ".join(map(str, lines[:SHOWN])) + (", ..." if len(lines) > SHOWN else "")
        notes.append(f"{len(lines)} rows have {what} (lines {which})")
