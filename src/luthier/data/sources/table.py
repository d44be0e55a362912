"""Text tables: csv, tsv and their relatives."""

from __future__ import annotations

import csv
import io
import re
from typing import Literal

import polars as pl

from luthier.core.errors import DataError
from luthier.data.sources.cells import HUGE_CELL, is_regular, parse_even, parse_rows, parse_unquoted
from luthier.data.sources.names import unique_names
from luthier.data.sources.ragged import even_out

DELIMITERS = (",", "\t", ";", "|")
MANY_LINES = 100
"""A cell of more lines than this is reported: its quote may have been left open."""

USUAL = re.compile(
    r"id|text|label|sentence|review|content|comment|question|answer|title|class|category|"
    r"sentiment|source|target|prompt|文本|内容|标签|类别|问题|答案",
    re.IGNORECASE,
)
"""Names that columns often have."""

EVEN = 0.9
"""Share of the first lines that have as many cells as the header in what is a table."""

_DECLARED = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)


def read_table(text: str, name: str, delimiter: str | None) -> tuple[pl.DataFrame, list[str]]:
    """All cells as text, under unique column names; notes on repairs.

    Raises:
        DataError: If there is no row under the header, or a quote is never closed.
    """
    declared = _DECLARED.match(text)
    if declared:
        # A spreadsheet's own way to name the delimiter, in a line before the header.
        text, delimiter = text[declared.end() :], delimiter or declared[1]
    chosen = delimiter or detect_delimiter(text)
    if len(chosen) != 1 or chosen in '"\r\n':
        raise DataError(
            "The delimiter '{delimiter}' is not one character that can separate cells.",
            where=name,
            hint='For example "," or ";"; for a tab write "\\t".',
            delimiter=chosen,
        )
    notes: list[str] = []
    rows = _parse(text, name, chosen, notes)
    return _without_noise(rows, name, notes), notes


def detect_delimiter(text: str) -> str:
    """The separator that cuts the first rows into the most even table of several columns."""
    sample = _first_lines(text)
    scores = {}
    for candidate in DELIMITERS:
        widths = _widths(sample, candidate)
        if widths and widths[0] > 1:
            even = sum(width == widths[0] for width in widths) / len(widths)
            scores[candidate] = (round(even, 2), widths[0])
    return max(scores, key=lambda candidate: scores[candidate]) if scores else ","


def is_table(text: str, *, sure: bool) -> bool:
    """Whether the first lines have the same number of cells, two or more.

    Args:
        text: Any text.
        sure: Prose has commas too: what no tabs separate must begin with names of columns.
    """
    sample, delimiter = _first_lines(text), detect_delimiter(text)
    widths = _widths(sample, delimiter)
    if len(widths) < 2 or widths[0] < 2:
        return False
    even = sum(width == widths[0] for width in widths) >= EVEN * len(widths)
    if not sure or delimiter == "\t":
        return even
    header = next(csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter), [])
    return even and any(USUAL.fullmatch(cell.strip()) for cell in header)


def _widths(sample: str, delimiter: str) -> list[int]:
    csv.field_size_limit(HUGE_CELL)
    # Quotes in tables with tabs are text more often than not.
    quoting: Literal[0, 3] = csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
    file = io.StringIO(sample, newline="")
    return [len(cells) for cells in csv.reader(file, delimiter=delimiter, quoting=quoting) if cells]


def _first_lines(text: str, count: int = 50, most: int = 100_000) -> str:
    end = 0
    for _ in range(count):
        following = text.find("\n", end)
        if following < 0 or following > most:
            break
        end = following + 1
    return text[: end or most]


def _parse(text: str, name: str, delimiter: str, notes: list[str]) -> pl.DataFrame:
    """Rows under their columns, blank ones among them or not."""
    if delimiter == "\t" and _quotes_are_text(text):
        notes.append("quotes are read as text")
        rows = parse_unquoted(text, delimiter)
    else:
        header = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
        frame = parse_even(text, delimiter, len(header))
        if frame is not None:
            columns = unique_names(frame.row(0), notes)
            return frame.slice(1).rename(dict(zip(frame.columns, columns, strict=True)))
        rows = parse_rows(text, name, delimiter)
    if not rows:
        raise DataError("The file is empty.", where=name, hint="Give a file with rows.")
    columns = unique_names(rows.pop(0)[1], notes)
    even_out(rows, columns, delimiter, notes)
    cells = zip(*(cells for _, cells in rows), strict=True)
    data = dict(zip(columns, map(list, cells), strict=False))
    return pl.DataFrame(data, schema=dict.fromkeys(columns, pl.String))


def _quotes_are_text(text: str) -> bool:
    """Whether a table with tabs does not quote: lines alone make an even table, quotes do not."""
    if '"' not in text or is_regular(text, "\t", lines=False):
        return False
    widths = {line.count("\t") for line in text.splitlines() if line.strip()}
    return len(widths) == 1 or not is_regular(text, "\t")


def _without_noise(rows: pl.DataFrame, name: str, notes: list[str]) -> pl.DataFrame:
    """The rows without blank ones and without repeated headers, which glued files have."""
    columns = rows.columns
    blank = pl.all_horizontal(pl.all().str.strip_chars().fill_null("") == "")
    header = pl.all_horizontal(pl.col(c).str.strip_chars().eq_missing(c) for c in columns)
    marked = rows.select(blank=blank, header=header)
    if repeated := int(marked["header"].sum()):
        notes.append(f"{repeated} rows repeat the header and were left out")
    kept = rows.filter(~(marked["blank"] | marked["header"]))
    if kept.is_empty():
        raise DataError(
            "The table has a header but no rows.",
            where=name,
            hint="The first line names the columns; rows follow.",
        )
    notes += _tall_cells(kept)
    return kept


def _tall_cells(rows: pl.DataFrame) -> list[str]:
    lines = rows.select(pl.max_horizontal(pl.all().str.count_matches("\n", literal=True)))
    most = lines.to_series().arg_max() or 0
    count = int(lines.item(most, 0) or 0)
    if count <= MANY_LINES:
        return []
    return [f"a cell in row {most} has {count} line ends: a quote may be open before it"]
