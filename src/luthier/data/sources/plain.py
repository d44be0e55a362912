"""Plain text: one paragraph a row."""

from __future__ import annotations

import re

import polars as pl

_BLANK = re.compile(r"\n[^\S\n]*\n\s*")


def read_plain(text: str) -> tuple[pl.DataFrame, list[str]]:
    """A column ``text`` with a row for each paragraph, or each line if no line is blank."""
    whole = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    parts, unit = _BLANK.split(whole), "paragraph, as blank lines part them"
    if len(parts) == 1 and "\n" in whole:
        parts, unit = whole.split("\n"), "line, as no line is blank"
    note = f"plain text: each {unit}, is a row"
    return pl.DataFrame({"text": parts}, schema={"text": pl.String}), [note]
