"""The cells of a text table: quoted and not, regular and not."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from functools import cache

import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
from pyarrow import csv as arrow_csv

from luthier.core.errors import DataError

HUGE_CELL = 2**31 - 1
BLOCK = 1 << 26
"""Bytes that the fast reader takes at a time; no row may be longer."""

Row = tuple[int, list[str]]
"""Line on which a row begins, from 1, and its cells."""


def parse_even(text: str, delimiter: str, width: int) -> pl.DataFrame | None:
    """All rows, the header among them, if quotes are regular and rows equally wide; else None.

    This is the fast way for the usual file. It forgives irregular quotes in ways of its
    own, so :func:`is_regular` looks at the text first, and all else goes to :func:`parse_rows`.
    """
    if not delimiter.isascii() or not is_regular(text, delimiter):
        return None
    types = {f"f{index}": pa.string() for index in range(width)}
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(text.encode("utf-8")),
            read_options=arrow_csv.ReadOptions(autogenerate_column_names=True, block_size=BLOCK),
            parse_options=arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(column_types=types, strings_can_be_null=False),
        )
    except pa.ArrowInvalid:
        return None
    frame = pl.from_arrow(table)
    return frame if isinstance(frame, pl.DataFrame) and frame.width == width else None


def parse_rows(text: str, name: str, delimiter: str) -> list[Row]:
    """Rows that are not blank, whatever their width.

    Quotes inside a quoted cell that are not doubled are taken as text, as long as the
    cell ends on its line.

    Raises:
        DataError: If a quoted cell is never closed, with the line where it begins.
    """
    csv.field_size_limit(HUGE_CELL)
    lines = io.StringIO(text, newline="").readlines()
    rows: list[Row] = []
    done = 0
    while done < len(lines):
        reader = csv.reader(_from(lines, done), delimiter=delimiter, strict=True)
        start = done
        try:
            for cells in reader:
                _keep(rows, done + 1, cells)
                done = start + reader.line_num
        except csv.Error:
            mended = _mend(lines[done].rstrip("\r\n"), delimiter)
            if mended is None:
                raise _unclosed(name, done + 1) from None
            _keep(rows, done + 1, mended)
            done += 1
    return rows


def parse_unquoted(text: str, delimiter: str) -> list[Row]:
    """Rows that are not blank, one a line, quotes taken as text."""
    rows: list[Row] = []
    for number, line in enumerate(io.StringIO(text), 1):
        _keep(rows, number, line.rstrip("\r\n").split(delimiter))
    return rows


def is_regular(text: str, delimiter: str, *, lines: bool = True) -> bool:
    """Whether every cell that begins with a quote also ends with one, doubled quotes inside.

    Args:
        text: The table.
        delimiter: Between cells.
        lines: Whether a quoted cell may hold line ends.
    """
    opening, quoted = _quoted(delimiter, lines)
    return opening.search(quoted.sub("", text)) is None


@cache
def _quoted(delimiter: str, lines: bool) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """A quote that begins a cell, and a quoted cell as the standard wants it."""
    end, inside = re.escape(delimiter), '[^"]' if lines else r'[^"\r\n]'
    opening = rf'"(?<![^{end}\r\n]")'
    closed = rf'{opening}{inside}*+(?:""{inside}*+)*"(?=[{end}\r\n]|\Z)'
    return re.compile(opening), re.compile(closed)


@cache
def _forgiving(delimiter: str) -> re.Pattern[str]:
    """A cell that, where quoted, ends at the first quote before a delimiter or the line's end."""
    # Possessive repeats only of single characters: around a choice they fail before Python 3.11.5.
    end = rf"(?:{re.escape(delimiter)}|\Z)"
    quoted = rf'"(?P<quoted>[^"]*+(?:"(?! *{end})[^"]*+)*)" *'
    return re.compile(rf'(?:{quoted}|(?!")(?P<plain>[^{re.escape(delimiter)}]*+))(?P<end>{end})')


def _mend(line: str, delimiter: str) -> list[str] | None:
    """The cells of a line with irregular quotes, or None if a cell does not end on it."""
    cells, position, pattern = [], 0, _forgiving(delimiter)
    while True:
        match = pattern.match(line, position)
        if match is None:
            return None
        quoted = match["quoted"]
        cells.append(match["plain"] if quoted is None else quoted.replace('""', '"'))
        position = match.end()
        if not match["end"]:
            return cells


def _from(lines: list[str], start: int) -> Iterator[str]:
    return (lines[index] for index in range(start, len(lines)))


def _keep(rows: list[Row], line: int, cells: list[str]) -> None:
    if any(cell.strip() for cell in cells):
        rows.append((line, cells))


def _unclosed(name: str, line: int) -> DataError:
    return DataError(
        "A quoted cell that begins in this row is never closed.",
        where=f"{name}:{line}",
        hint='Write a quote inside a quoted cell twice (""), or close the cell.',
    )
