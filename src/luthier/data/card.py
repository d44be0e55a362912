"""What there is to say of prepared rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from luthier.data.distributions import distributions, label_counts
from luthier.data.gather import Gathered
from luthier.data.operator import Context
from luthier.data.prepared import content_hash
from luthier.data.texts import is_said, row_texts


def describe(
    gathered: Gathered,
    before: dict[str, Any],
    splits: dict[str, pl.DataFrame],
    context: Context,
    steps: Sequence[str],
) -> dict[str, Any]:
    """The card, as JSON.

    ``family`` (kind of rows), ``sources`` (source, split, rows, sha256, format), ``columns``
    (source -> role -> column), ``roles`` (role -> kind), ``rows_in`` and ``rows_out``,
    ``operators`` (step -> dropped, changed, added, flagged), ``rows`` and ``labels`` (split ->
    counts), ``lengths`` (split -> characters of a text: mean, median, p95, max), ``before`` and
    ``after`` (distributions of all rows), ``notes``, ``findings`` (most harmful first),
    ``fitted`` (step -> what it learned of train), ``measured`` (step -> its effect on
    validation), ``hash``.
    """
    together = pl.concat(splits.values(), how="vertical_relaxed")
    return {
        "family": gathered.family,
        "sources": gathered.sources,
        "columns": gathered.columns,
        "roles": {role.name: role.kind for role in context.roles},
        "rows_in": len(gathered.rows),
        "rows_out": len(together),
        "operators": context.ledger.counts(steps),
        "rows": {name: len(rows) for name, rows in splits.items()},
        "labels": {name: _sorted(label_counts(rows, context)) for name, rows in splits.items()},
        "lengths": {
            name: _lengths(row_texts(rows, context))
            for name, rows in splits.items()
            if len(rows) and is_said(context)
        },
        "before": before,
        "after": distributions(together, context),
        "notes": gathered.notes + context.notes,
        "findings": [
            finding.to_json() for finding in sorted(context.findings, key=lambda f: -f.harm)
        ],
        "fitted": context.fitted,
        "measured": context.measured,
        "hash": content_hash(splits),
    }


def _sorted(counts: dict[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items()))


def _lengths(texts: pl.Series) -> dict[str, float]:
    lengths = texts.str.len_chars()
    quantile = {"median": 0.5, "p95": 0.95, "max": 1.0}
    measured = {name: lengths.quantile(q, "lower") for name, q in quantile.items()}
    row = {"mean": lengths.mean(), **measured}
    return {name: round(float(value), 1) for name, value in row.items() if value is not None}  # type: ignore[arg-type]
