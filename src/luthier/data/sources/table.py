"""Text tables: csv, tsv and their relatives."""

from __future__ import annotations

import csv
import io
from collections import Counter

import polars as pl

from luthier.core.errors import DataError

DELIMITERS = (",", "\t", ";", "|")
HUGE_CELL = 2**31 - 1


def read_table(text: str, name: str, delimiter: str | None) -> tuple[pl.DataFrame, list[str]]:
    """All cells as text, under unique column names; notes on repairs.

    Rows with fewer cells than the header end in nulls; of rows with more, the cells
    beyond the header are dropped. Both are noted.

    Raises:
        DataError: If there is no row under the header, or a quote is never closed.
    """
    text = text.replace("\x00", "")
    chosen = delimiter or detect_delimiter(text)
    if len(chosen) != 1:
        raise DataError(
            "The delimiter '{delimiter}' is not one character.",
            where=name,
            hint='For a tab write "\\t".',
            delimiter=chosen,
        )
    rows = _parse(text, name, chosen)
    header, lines, body = _header(rows, name)
    notes: list[str] = []
    columns = _unique_names(header, notes)
    short, long = [], []
    for line, cells in zip(lines, body, strict=True):
        if len(cells) < len(columns):
            short.append(line)
            cells += [None] * (len(columns) - len(cells))  # type: ignore[list-item]
        elif len(cells) > len(columns):
            long.append(line)
            del cells[len(columns) :]
    _note_ragged(notes, short, "fewer cells than the header: the missing ones are empty")
    _note_ragged(notes, long, "more cells than the header: the extra ones were dropped")
    data = dict(zip(columns, map(list, zip(*body, strict=True)), strict=True))
    return pl.DataFrame(data, schema=dict.fromkeys(columns, pl.String)), notes


def detect_delimiter(text: str) -> str:
    """The separator that cuts the first rows into the most even table."""
    sample = _first_lines(text)
    scores = {}
    for candidate in DELIMITERS:
        widths = [len(row) for row in csv.reader(io.StringIO(sample), delimiter=candidate) if row]
        if not widths or widths[0] < 2:
            continue
        same = sum(width == widths[0] for width in widths) / len(widths)
        scores[candidate] = (round(same, 2), widths[0])
    return max(scores, key=lambda c: scores[c]) if scores else ","


def _first_lines(text: str, count: int = 50, most: int = 100_000) -> str:
    end = 0
    for _ in range(count):
        following = text.find("\n", end)
        if following < 0 or following > most:
            break
        end = following + 1
    return text[: end or most]


def _parse(text: str, name: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """(line, cells) of every row that is not blank."""
    csv.field_size_limit(HUGE_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows = []
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((line, cells))
            line = reader.line_num + 1
    except csv.Error as error:
        if "unexpected end" in str(error):
            raise DataError(
                "A quoted cell that begins in this row is never closed.",
                where=f"{name}:{line}",
                hint='Write a quote inside a quoted cell twice (""), or close the cell.',
            ) from None
        return _parse_leniently(text, delimiter)
    return rows


def _parse_leniently(text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """For quotes in the middle of cells, which strict reading refuses."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows, line = [], 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            rows.append((line, cells))
        line = reader.line_num + 1
    return rows


def _header(
    rows: list[tuple[int, list[str]]], name: str
) -> tuple[list[str], list[int], list[list[str]]]:
    if len(rows) < 2:
        raise DataError(
            "The table has a header but no rows.",
            where=name,
            hint="The first line names the columns; rows follow.",
        )
    return rows[0][1], [line for line, _ in rows[1:]], [cells for _, cells in rows[1:]]


def _unique_names(header: list[str], notes: list[str]) -> list[str]:
    """Column names without blanks and repetitions; changes are noted."""
    names: list[str] = []
    seen: Counter[str] = Counter()
    for position, cell in enumerate(header, 1):
        name = cell.strip()
        if not name:
            name = f"column_{position}"
            notes.append(f"column {position} has no name and is called '{name}'")
        seen[name] += 1
        if seen[name] > 1:
            notes.append(f"column name '{name}' is repeated; the {seen[name]}. has a number")
            name = f"{name}_{seen[name]}"
        names.append(name)
    return names


def _note_ragged(notes: list[str], lines: list[int], what: str) -> None:
    if lines:
        which = ", ".join(map(str, lines[:5])) + (", ..." if len(lines) > 5 else "")
        notes.append(f"{len(lines)} rows have {what} (lines {which})")
