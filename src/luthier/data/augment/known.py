"""What rows say that there are, so that no new one says it again."""

from __future__ import annotations

import polars as pl

from luthier.data.shingles import normalise


class Known:
    """What is said already.

    Args:
        said: (rows,) what each row says.
        held_out: (rows,) whether it is one to judge by.
    """

    def __init__(self, said: pl.Series, held_out: pl.Series) -> None:
        self._exact = said.alias("_said").to_frame()
        self._held_out = normalise(said.filter(held_out)).alias("_plain").to_frame()

    def fresh(self, rows: pl.DataFrame, said: pl.Series) -> pl.DataFrame:
        """The rows that are new, each once, with ``_said``; from now on they are known.

        New is what no row says exactly, and none to judge by says but for case and punctuation.

        Args:
            rows: With ``_index``, by which they are sorted.
            said: (rows,) what each says.
        """
        new = (
            rows.with_columns(said.alias("_said"), normalise(said).alias("_plain"))
            .unique("_said", keep="first", maintain_order=True)
            .join(self._exact, on="_said", how="anti")
            .join(self._held_out, on="_plain", how="anti")
            .sort("_index")
            .drop("_plain")
        )
        self._exact = pl.concat([self._exact, new.select("_said")])
        return new
