"""What there is to say of prepared rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from luthier.data.gather import Gathered
from luthier.data.operator import Context
from luthier.data.prepared import content_hash
from luthier.data.split import flat


def describe(
    gathered: Gathered, splits: dict[str, pl.DataFrame], context: Context, steps: Sequence[str]
) -> dict[str, Any]:
    """The card, as JSON.

    ``sources`` (source, split, rows, sha256), ``columns`` (source -> role -> column),
    ``rows_in`` and ``rows_out``, ``operators`` (step -> dropped, changed, added, flagged), ``rows``
    and ``labels`` (split -> counts), ``lengths`` (split -> characters of a text: mean, median,
    p95, max), ``notes``, ``findings`` (most harmful first), ``fitted`` (step -> what it learned
    of train), ``hash``.
    """
    text = context.named("text")[0]
    return {
        "sources": gathered.sources,
        "columns": gathered.columns,
        "rows_in": len(gathered.rows),
        "rows_out": sum(map(len, splits.values())),
        "operators": context.ledger.counts(steps),
        "rows": {name: len(rows) for name, rows in splits.items()},
        "labels": {name: _label_counts(rows, context) for name, rows in splits.items()},
        "lengths": {name: _lengths(rows[text]) for name, rows in splits.items() if len(rows)},
        "notes": gathered.notes + context.notes,
        "findings": [
            finding.to_json() for finding in sorted(context.findings, key=lambda f: -f.harm)
        ],
        "fitted": context.fitted,
        "hash": content_hash(splits),
    }


def _label_counts(rows: pl.DataFrame, context: Context) -> dict[str, int]:
    names = context.named("label", "labels")
    if not names:
        return {}
    counts = flat(rows[names[0]]).drop_nulls().value_counts().sort(names[0])
    return {str(label): int(count) for label, count in counts.iter_rows()}


def _lengths(texts: pl.Series) -> dict[str, float]:
    lengths = texts.str.len_chars()
    quantile = {"median": 0.5, "p95": 0.95, "max": 1.0}
    measured = {name: lengths.quantile(q, "lower") for name, q in quantile.items()}
    row = {"mean": lengths.mean(), **measured}
    return {name: round(float(value), 1) for name, value in row.items() if value is not None}  # type: ignore[arg-type]
