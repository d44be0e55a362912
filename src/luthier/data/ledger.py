"""The record of every row that preparation dropped, changed, added or flagged."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import polars as pl

from luthier.data.roles import ROW, SOURCE

Action = Literal["dropped", "changed", "added", "flagged"]

SCHEMA = {
    "source": pl.String,
    "row": pl.Int64,
    "operator": pl.String,
    "action": pl.String,
    "reason": pl.String,
    "before": pl.String,
    "after": pl.String,
}


class Ledger:
    """What happened to which row, and why. ``row`` is the index in its source, from 0."""

    def __init__(self) -> None:
        self._parts: list[pl.DataFrame] = []

    def record(
        self,
        operator: str,
        action: Action,
        rows: pl.DataFrame,
        reason: str | pl.Expr,
        before: pl.Expr | None = None,
        after: pl.Expr | None = None,
    ) -> None:
        """Enter every row of ``rows`` under one operator and action.

        ``reason``, ``before`` and ``after`` may be expressions over ``rows``.
        """
        if rows.is_empty():
            return
        nothing = pl.lit(None, dtype=pl.String)
        self._parts.append(
            rows.select(
                pl.col(SOURCE).alias("source"),
                pl.col(ROW).cast(pl.Int64).alias("row"),
                pl.lit(operator).alias("operator"),
                pl.lit(action).alias("action"),
                (pl.lit(reason) if isinstance(reason, str) else reason).alias("reason"),
                (nothing if before is None else before).cast(pl.String).alias("before"),
                (nothing if after is None else after).cast(pl.String).alias("after"),
            )
        )

    def retract(self, operator: str, action: Action, rows: pl.DataFrame) -> None:
        """Take back the entries of a step about these rows, which it did not touch after all."""
        gone = rows.select(pl.col(SOURCE).alias("source"), pl.col(ROW).alias("row"))
        mine = (pl.col("operator") == operator) & (pl.col("action") == action)
        for index, part in enumerate(self._parts):
            left = part.filter(mine).join(
                gone, on=["source", "row"], how="anti", maintain_order="left"
            )
            self._parts[index] = pl.concat([part.filter(~mine), left])

    def table(self) -> pl.DataFrame:
        """All entries in the order they were made."""
        return pl.concat(self._parts) if self._parts else pl.DataFrame(schema=SCHEMA)

    def counts(self, operators: Iterable[str]) -> dict[str, dict[str, int]]:
        """Entries per operator and action; operators that did nothing are listed with zeros."""
        result = {
            name: {"dropped": 0, "changed": 0, "added": 0, "flagged": 0} for name in operators
        }
        grouped = self.table().group_by("operator", "action").len().sort("operator", "action")
        for operator, action, count in grouped.iter_rows():
            result[operator][action] = count
        return result
