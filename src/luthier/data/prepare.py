"""The way from sources to prepared rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from luthier.core.errors import DataError
from luthier.data.columns import map_columns
from luthier.data.ledger import Ledger
from luthier.data.operator import Context, Operator
from luthier.data.operators import DEFAULT
from luthier.data.prepared import Prepared, content_hash
from luthier.data.roles import ROW, SOURCE, SPLIT, SPLITS, Role
from luthier.data.sources import Raw, read_source
from luthier.data.split import divide, sample
from luthier.recipe.registries import PREPARATION
from luthier.recipe.schema import Data

CLEANING = ("unicode", "whitespace")
"""Steps that change a row by itself; new rows to measure go through these too."""

LABELLING = ("missing", "labels")


def prepare(config: Data, roles: Sequence[Role], *, base_dir: Path) -> Prepared:
    """Read the sources, clean the rows, divide them.

    Args:
        config: The recipe's section ``data``.
        roles: The columns that the task needs.
        base_dir: Relative paths start here.

    Raises:
        DataError: If a source cannot be read, or what is left cannot be learned from.
    """
    sources = _read(config, base_dir)
    tables, columns, notes = [], {}, []
    for split, raw in sources:
        table, found = map_columns(raw, roles, config.columns)
        columns[raw.name] = found
        notes += [f"{raw.name}: {note}" for note in raw.notes]
        tables.append(_tagged(table, raw.name, split))
    rows = pl.concat(tables, how="diagonal_relaxed")
    context = Context(tuple(r for r in roles if r.name in rows.columns), Ledger(), config.labels)
    rows_in = len(rows)
    operators = config.prepare if config.prepare is not None else default_operators()
    for operator in operators:
        rows = operator.apply(rows, context)
        _check_rows_left(rows, operator, sources)
    rows = _divided(rows, config, context, {split for split, _ in sources}, notes)
    splits = {name: rows.filter(pl.col(SPLIT) == name).drop(SPLIT) for name in SPLITS}
    _check_learnable(splits, context)
    card = {
        "sources": [
            {"source": raw.name, "split": split, "rows": len(raw.rows)} for split, raw in sources
        ],
        "columns": columns,
        "rows_in": rows_in,
        "rows_out": len(rows),
        "operators": context.ledger.counts([*(o.kind for o in operators), "limit", "split"]),
        "rows": {name: len(table) for name, table in splits.items()},
        "labels": {name: _label_counts(table, context) for name, table in splits.items()},
        "notes": notes,
        "hash": content_hash(splits),
    }
    return Prepared(splits, context.ledger.table(), card)


def read_rows(
    spec: str, roles: Sequence[Role], columns: dict[str, str], labels: dict[str, str],
    *, base_dir: Path,
) -> tuple[pl.DataFrame, list[str]]:  # fmt: skip
    """Labelled rows of one source, cleaned as in training, for measuring; and notes.

    Rows without text or label are left out and noted; nothing else is dropped.
    """
    raw = read_source(spec, base_dir=base_dir)
    table, _ = map_columns(raw, roles, columns)
    context = Context(tuple(roles), Ledger(), labels)
    rows = _tagged(table, raw.name, "test")
    for operator in default_operators((*CLEANING, *LABELLING)):
        rows = operator.apply(rows, context)
    dropped = context.ledger.table().filter(pl.col("action") == "dropped")
    notes = list(raw.notes)
    for reason, count in dropped.group_by("reason").len().sort("reason").iter_rows():
        notes.append(f"{count} rows left out: {reason}")
    if rows.is_empty():
        raise DataError(
            "No row has both a text and a label.", where=spec, hint="Check the columns."
        )
    return rows.drop(SPLIT), notes


def read_texts(spec: str, role: Role) -> list[str]:
    """The texts of a source as they are, in order; missing ones are empty.

    A ``.txt`` file has one text a line.
    """
    if spec.endswith(".txt"):
        lines = Path(spec).read_text(encoding="utf-8-sig").splitlines()
        return [line for line in lines if line.strip()]
    raw = read_source(spec, base_dir=Path.cwd())
    table, _ = map_columns(raw, [role], {})
    return table[role.name].fill_null("").to_list()


def default_operators(kinds: Sequence[str] = DEFAULT) -> list[Operator]:
    """Preparation steps of these kinds with their defaults."""
    operators: list[Any] = [PREPARATION.parse(kind) for kind in kinds]
    return operators


def _read(config: Data, base_dir: Path) -> list[tuple[str, Raw]]:
    """Every source with the split it is for."""
    train = [config.train] if isinstance(config.train, str) else config.train
    specs = [("train", spec) for spec in train]
    specs += [(s, spec) for s in ("validation", "test") if (spec := getattr(config, s))]
    options = {"encoding": config.encoding, "delimiter": config.delimiter}
    sources = []
    for split, spec in specs:
        raw = read_source(spec, base_dir=base_dir, **options)
        sources.append((split, raw))
        for other, rows in raw.splits.items():
            if split == "train" and getattr(config, other) is None:
                sources.append((other, replace(raw, name=f"{raw.name}[{other}]", rows=rows)))
    return sources


def _tagged(table: pl.DataFrame, source: str, split: str) -> pl.DataFrame:
    return table.with_row_index(ROW).with_columns(
        pl.col(ROW).cast(pl.Int64), pl.lit(source).alias(SOURCE), pl.lit(split).alias(SPLIT)
    )


def _divided(
    rows: pl.DataFrame, config: Data, context: Context, given: set[str], notes: list[str]
) -> pl.DataFrame:
    """Rows with the splits that no source brought, and only labels that train has."""
    if config.limit:
        rows, out = sample(rows, config.limit, config.split.seed)
        context.ledger.record("limit", "dropped", out, f"beyond the limit of {config.limit}")
    shares = {"test": config.split.test, "validation": config.split.validation}
    wanted = {name: share for name, share in shares.items() if name not in given and share > 0}
    labels = context.named("label", "labels")
    label = labels[0] if labels and config.split.stratify else None
    rows = divide(rows, config.split, label=label, wanted=wanted)
    for name in context.named("label"):
        known = rows.filter(pl.col(SPLIT) == "train")[name].unique().to_list()
        strange = ~pl.col(name).is_in(known)
        lost = rows.filter(strange)
        context.ledger.record(
            "split", "dropped", lost, "its label does not occur in train", before=pl.col(name)
        )
        if len(lost):
            names = ", ".join(sorted(set(lost[name].to_list())))
            notes.append(f"{len(lost)} rows left out whose label train does not have: {names}")
        rows = rows.filter(~strange)
        alone = rows.group_by(name).len().filter(pl.col("len") == 1)[name].sort().to_list()
        if alone and wanted:
            notes.append(f"labels with one example only, kept in train: {', '.join(alone)}")
    return rows


def _check_rows_left(
    rows: pl.DataFrame, operator: Operator, sources: list[tuple[str, Raw]]
) -> None:
    if rows.filter(pl.col(SPLIT) == "train").is_empty():
        raise DataError(
            "No rows are left to train on after the preparation step '{step}'.",
            where=", ".join(raw.name for split, raw in sources if split == "train"),
            hint="Check the columns of text and label, or leave this step out of data.prepare.",
            step=operator.kind,
        )


def _check_learnable(splits: dict[str, pl.DataFrame], context: Context) -> None:
    train = splits["train"]
    for name in context.named("label"):
        if train[name].n_unique() < 2:
            raise DataError(
                "All rows to train on have the label '{label}': there is nothing to tell apart.",
                hint="Give rows of at least two labels, or check which column is the label.",
                label=train[name][0],
            )
    if splits["test"].is_empty():
        raise DataError(
            "There are no test rows, so no verdict: {count} rows are too few to divide.",
            hint="Give data.test, a larger data.split.test, or more rows.",
            count=len(train),
        )


def _label_counts(rows: pl.DataFrame, context: Context) -> dict[str, int]:
    names = context.named("label", "labels")
    if not names:
        return {}
    column = rows[names[0]]
    if isinstance(column.dtype, pl.List):
        column = column.explode()
    counts = column.drop_nulls().value_counts().sort(names[0])
    return {str(label): int(count) for label, count in counts.iter_rows()}
