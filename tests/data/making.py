"""Small tables, and what must hold of every preparation step."""

from __future__ import annotations

from pathlib import Path
from string import Formatter

import polars as pl

from luthier.core.errors import DataError
from luthier.data.ledger import Ledger
from luthier.data.operator import Context
from luthier.data.roles import ROW, SOURCE, SPLIT, Role
from luthier.data.sources import Raw, read_source

TEXT = Role("text", "text", ("sentence", "review", "文本", "评论"))
LABEL = Role("label", "label", ("sentiment", "class", "标签", "类别"))
LABELS = Role("label", "labels", ("tags", "class"))
NUMBER = Role("label", "number", ("score", "stars"))

Cells = list[tuple[str | None, str | None]]


def table(cells: Cells, splits: list[str] | None = None) -> pl.DataFrame:
    """Rows as steps get them: text, label and origin."""
    return pl.DataFrame(
        {
            "text": [text for text, _ in cells],
            "label": [label for _, label in cells],
            ROW: range(len(cells)),
            SOURCE: ["s.csv"] * len(cells),
            SPLIT: splits or ["train"] * len(cells),
        },
        schema={
            "text": pl.String, "label": pl.String, ROW: pl.Int64, SOURCE: pl.String,
            SPLIT: pl.String,
        },
    )  # fmt: skip


def context(label: Role = LABEL, **more: object) -> Context:
    """What a step is told, with an empty ledger."""
    return Context((TEXT, label), Ledger(), **more)  # type: ignore[arg-type]


def ids(rows: pl.DataFrame) -> list[tuple[str, int]]:
    """Which rows these are."""
    return list(rows.select(SOURCE, ROW).iter_rows())


def dropped(told: Context) -> list[tuple[str, int]]:
    """Which rows the ledger has as dropped, as often as it has them."""
    entries = told.ledger.table().filter(pl.col("action") == "dropped")
    return list(entries.select("source", "row").iter_rows())


def reasons(told: Context) -> dict[int, str]:
    """Row to the reason of its (last) entry."""
    return dict(told.ledger.table().select("row", "reason").iter_rows())


def assert_accounted(before: pl.DataFrame, after: pl.DataFrame, told: Context) -> None:
    """Rows in = rows out + dropped entries, each row once, and none has changed its place."""
    assert sorted(ids(after) + dropped(told)) == sorted(ids(before))
    kept = set(ids(after))
    assert ids(after) == [row for row in ids(before) if row in kept]


def read(folder: Path, name: str, content: str | bytes, **options: str) -> Raw:
    """Write a file and read it as a source."""
    data = content.encode() if isinstance(content, str) else content
    (folder / name).write_bytes(data)
    return read_source(name, base_dir=folder, **options)  # type: ignore[arg-type]


def assert_helpful(error: DataError, where: str) -> None:
    """An error with a place and a next step, and a value for every field of its templates."""
    assert error.where is not None and where in error.where
    assert error.hint
    for template in (error.message, error.hint):
        assert {name for _, name, _, _ in Formatter().parse(template) if name} <= set(error.fields)
