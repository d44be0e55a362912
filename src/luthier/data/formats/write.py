"""Rows written in a format."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from luthier.core.errors import DataError
from luthier.data.formats.format import CHUNK, Format
from luthier.data.formats.recognise import FORMATS, format_named
from luthier.data.formats.turns import turn

BRIDGES = {
    "pairs": ("chat", ("source", "target")), "classify": ("chat", ("text", "label")),
    "parse": ("tag", ()),
}  # fmt: skip
"""Kinds of rows that can be told as others too, and the texts that this needs: a question and its
answer, words and their tags."""


def convert(rows: pl.DataFrame, family: str, to: str) -> list[dict[str, Any] | None]:
    """Canonical rows in another format; None for those that it has no room for.

    Args:
        rows: In canonical form.
        family: Their kind.
        to: Name of a format.

    Raises:
        DataError: If that format is for rows of another kind.
    """
    target = _able(rows, family, to)
    every = _canonical(rows, family, target)
    return target.write(every, plain=target.is_plain(every))


def write_file(rows: pl.DataFrame, family: str, path: Path, to: str) -> int:
    """Write rows to a file, UTF-8, in a format; how many there was no room for.

    Args:
        rows: In canonical form.
        family: Their kind.
        path: The file.
        to: Name of a format.

    Raises:
        DataError: If that format is for rows of another kind.
    """
    target = _able(rows, family, to)

    def parts() -> Iterator[list[dict[str, Any]]]:
        return (_canonical(part, family, target) for part in rows.iter_slices(CHUNK))

    plain = all(map(target.is_plain, parts()))
    count = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for part in parts():
            written = [row for row in target.write(part, plain=plain) if row is not None]
            file.writelines(map(target.as_text, written))
            count += len(written)
    return len(rows) - count


def _able(rows: pl.DataFrame, family: str, to: str) -> Format:
    """The format, if there is a way to it.

    Raises:
        DataError: If there is none, with the formats to which there is one.
    """
    target = format_named(to)
    bridge, texts = BRIDGES.get(family, (family, ()))
    families = {family, bridge} if all(rows.schema.get(t) == pl.String for t in texts) else {family}
    if target.family in families:
        return target
    raise DataError(
        "Rows of kind {family} cannot be written as '{name}'.",
        where="--to",
        hint="They can be written as: {able}.",
        family=family,
        name=to,
        able=", ".join(known.name for known in FORMATS if known.family in families) or "-",
    )


def _canonical(rows: pl.DataFrame, family: str, target: Format) -> list[dict[str, Any]]:
    """Rows as Python values, told as those of the format's kind."""
    if target.family == family:
        return rows.to_dicts()
    _, texts = BRIDGES[family]
    if not texts:
        tags = "entities" if "entities" in rows.columns else "tags"
        return rows.select("tokens", pl.col(tags).alias("tags")).to_dicts()
    return [
        {"messages": [turn("user", asked), turn("assistant", said)]}
        for asked, said in rows.select(texts).iter_rows()
    ]
