"""What preparation refuses to hand on."""

from __future__ import annotations

import polars as pl

from luthier.core.errors import DataError
from luthier.data.gather import Gathered
from luthier.data.ledger import Ledger
from luthier.data.operator import Context
from luthier.data.roles import ROW, SOURCE, SPLIT


def check_rows_left(rows: pl.DataFrame, step: str, gathered: Gathered, ledger: Ledger) -> None:
    """Refuse to go on when a step took the last row of train, and say why it did.

    Raises:
        DataError: With the step and its reasons.
    """
    if not rows.filter(pl.col(SPLIT) == "train").is_empty():
        return
    mine = ledger.table().filter((pl.col("operator") == step) & (pl.col("action") == "dropped"))
    reasons = mine.group_by("reason").len().sort("len", "reason", descending=[True, False])
    raise DataError(
        "No rows are left to train on after the preparation step '{step}' ({reasons}).",
        where=", ".join(s["source"] for s in gathered.sources if s["split"] == "train"),
        hint="Check which columns are text and label, or leave this step out of data.prepare.",
        step=step,
        reasons="; ".join(f"{count} rows: {reason}" for reason, count in reasons.iter_rows()),
    )


def check_learnable(splits: dict[str, pl.DataFrame], context: Context) -> None:
    """Refuse rows that nothing can be learned from, or that leave nothing to judge by.

    Raises:
        DataError: If there is one class only, or no test row.
    """
    train = splits["train"]
    for name in context.named("label"):
        if train[name].n_unique() < 2:
            raise DataError(
                "All rows to train on have the label '{label}': there is nothing to tell apart.",
                where=f"{train[SOURCE][0]}, row {train[ROW][0]}",
                hint="Give rows of at least two labels, or check which column is the label.",
                label=train[name][0],
            )
    if splits["test"].is_empty():
        raise DataError(
            "There are no test rows, so no verdict: {count} rows are too few to divide.",
            hint="Give data.test, a larger data.split.test, or more rows.",
            count=len(train),
        )
