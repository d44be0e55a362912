"""Rows that preparation dropped, as a file that people edit and give back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from luthier.core.errors import DataError
from luthier.core.files import read_json, sha256
from luthier.data.images import image_columns
from luthier.data.ledger import Ledger
from luthier.data.roles import ROW, SOURCE, Role
from luthier.data.sources import read_source

NAMES = ("quarantine.csv", "quarantine.jsonl")
"""A table for plain rows, JSON lines where columns hold lists."""

RESTORED = "_restored"
"""Column that marks rows which someone put back."""

ABOUT = ["source", "row", "operator", "reason"]
"""Columns of the file before the row's own."""

STRICT = ("missing", "labels")
"""Steps that may drop rows that were put back: without text or label nothing can be learned."""

CHOSEN = ("limit", "weight", "balance", "split")
"""Steps that leave out sound rows; theirs are not in the file."""


FORMULA = r"'*[=+\-@\t\r]"
"""How cells begin that a spreadsheet would compute: they are written behind an apostrophe, and one
apostrophe is taken off again where the file is read."""


def quarantined(raw: pl.DataFrame, ledger: pl.DataFrame) -> pl.DataFrame:
    """Dropped rows as they came, each with the step and reason that dropped it first.

    Args:
        raw: All rows as gathered.
        ledger: What was done to them.
    """
    dropped = ledger.filter(
        (pl.col("action") == "dropped") & ~pl.col("operator").is_in(CHOSEN)
    ).unique(["source", "row"], keep="first", maintain_order=True)
    found = dropped.select(ABOUT).join(
        raw, left_on=["source", "row"], right_on=[SOURCE, ROW], how="inner", maintain_order="left"
    )
    return found.drop([name for name in found.columns if name.startswith("_")])


def write_quarantine(rows: pl.DataFrame, folder: Path) -> Path:
    """Write the rows beside the prepared ones, with names of images; the file's path."""
    for name in image_columns(rows):
        rows = rows.with_columns(pl.col(name).struct.field("path").alias(name))
    nested = any(kind.is_nested() for kind in rows.schema.values())
    path = folder / NAMES[nested]
    if nested:
        lines = (json.dumps(row, ensure_ascii=False, default=str) for row in rows.to_dicts())
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    else:
        text = pl.col(pl.String)
        marked = pl.when(text.str.contains(f"^{FORMULA}")).then("'" + text).otherwise(text)
        rows.with_columns(marked.name.keep()).write_csv(path, include_bom=True)
    return path


def restore(
    rows: pl.DataFrame, files: Sequence[str], roles: Sequence[Role], ledger: Ledger, base_dir: Path
) -> pl.DataFrame:
    """Rows with the edited ones in place of the originals, marked so that no step drops them.

    Args:
        rows: All rows as gathered.
        files: Quarantine files as edited: what stands in them is put back.
        roles: Of the task; their columns may have been edited.
        ledger: Gets an entry for every row that was edited.
        base_dir: Relative paths start here.

    Raises:
        DataError: If a file is no quarantine file or names rows that no source has.
    """
    if not files:
        return rows
    edited = pl.concat([_read(name, base_dir) for name in files], how="diagonal_relaxed")
    edited = edited.unique([SOURCE, ROW], keep="last", maintain_order=True)
    _check_known(edited, rows, files)
    marked = rows.join(
        edited.select(SOURCE, ROW, pl.lit(True).alias(RESTORED)),
        on=[SOURCE, ROW], how="left", maintain_order="left",
    ).with_columns(pl.col(RESTORED).fill_null(False))  # fmt: skip
    for role in roles:
        known = role.name in edited.columns and role.name in rows.columns
        if known and role.kind != "image":
            marked = _overwrite(marked, edited, role.name, ledger)
    return marked


def keep_restored(
    before: pl.DataFrame, after: pl.DataFrame, step: str, ledger: Ledger
) -> pl.DataFrame:
    """The rows after a step, with those put back that someone had put back before it.

    Args:
        before: Rows that went into the step.
        after: Rows that came out.
        step: Its kind.
        ledger: Whose entries of such rows are taken back.
    """
    if RESTORED not in before.columns or step in STRICT or len(before) == len(after):
        return after
    numbered = before.with_row_index("_place")
    place = numbered.select(SOURCE, ROW, "_place")
    lost = numbered.filter(RESTORED).join(after, on=[SOURCE, ROW], how="anti")
    if lost.is_empty():
        return after
    ledger.retract(step, "dropped", lost)
    stayed = after.join(place, on=[SOURCE, ROW], how="left", maintain_order="left")
    together = pl.concat([stayed, lost], how="diagonal_relaxed")
    return together.sort("_place").drop("_place")


def edited_quarantine(folder: Path) -> Path | None:
    """The quarantine file of a folder of prepared rows if someone edited it, else None."""
    digests = read_json(folder / "manifest.json")["sha256"]
    files = (folder / name for name in NAMES if name in digests)
    return next((f for f in files if f.is_file() and sha256(f) != digests[f.name]), None)


def _read(name: str, base_dir: Path) -> pl.DataFrame:
    table = read_source(name, base_dir=base_dir).rows
    if not {"source", "row"} <= set(table.columns):
        raise DataError(
            "This is no quarantine file: it lacks the columns source and row.",
            where=name,
            hint="Give a copy of the file quarantine.csv that luthier prepare wrote.",
        )
    row = pl.col("row").cast(pl.Int64, strict=False).alias(ROW)
    if not name.endswith(".jsonl"):
        table = table.with_columns(pl.col(pl.String).str.replace(f"^'({FORMULA})", "$1"))
    table = table.with_columns(pl.col("source").cast(pl.String).alias(SOURCE), row)
    return table.drop(ABOUT, strict=False)


def _check_known(edited: pl.DataFrame, rows: pl.DataFrame, files: Sequence[str]) -> None:
    strange = edited.join(rows, on=[SOURCE, ROW], how="anti", nulls_equal=True)
    if not strange.is_empty():
        raise DataError(
            "{count} rows cannot be put back, as no source has them; the first is row {row} of "
            "{source}.",
            where=", ".join(files),
            hint="The columns source and row must stay as they were written, and so must the data.",
            count=len(strange),
            row=strange[ROW][0],
            source=strange[SOURCE][0],
        )


def _overwrite(
    rows: pl.DataFrame, edited: pl.DataFrame, column: str, ledger: Ledger
) -> pl.DataFrame:
    """One column with the edited values; those that differ are in the ledger."""
    value = edited.select(SOURCE, ROW, pl.col(column).alias("_new"))
    found = rows.join(value, on=[SOURCE, ROW], how="left", maintain_order="left")
    kind = rows.schema[column]
    new = pl.when(RESTORED).then(pl.col("_new").cast(kind, strict=False)).otherwise(pl.col(column))
    found = found.with_columns(new.alias("_new"))
    shown = pl.col(column).cast(pl.String), pl.col("_new").cast(pl.String)
    if not kind.is_nested():
        changed = found.filter(pl.col(RESTORED) & pl.col(column).ne_missing(pl.col("_new")))
        ledger.record(
            "restore", "changed", changed, f"{column} edited by hand",
            before=shown[0], after=shown[1],
        )  # fmt: skip
    return found.with_columns(pl.col("_new").alias(column)).drop("_new")
