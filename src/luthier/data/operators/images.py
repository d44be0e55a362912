"""Images: whether each can be read, and is large enough to show anything."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from luthier.core.lazy import lazy
from luthier.data.finding import Finding
from luthier.data.operator import Context, Defaults, Operator, Scope, everywhere
from luthier.data.roles import ROW, SOURCE
from luthier.recipe.registries import PREPARATION

if TYPE_CHECKING:
    import polars as pl

    from luthier.data import images
else:
    pl, images = lazy("polars"), lazy("luthier.data.images")

EXAMPLES = 5


@PREPARATION.register
class Images(Operator):
    """Open every image once: those that cannot be read, or were cut off, are dropped.

    Very small ones and very long ones are flagged. Copies of an image fall to the steps
    `conflicts`, `duplicates` and `shared`, which compare images by their content.
    """

    scope: ClassVar[Scope] = "row"
    place: ClassVar[int] = 50
    defaults: ClassVar[Defaults] = everywhere()
    families: ClassVar[tuple[str, ...] | None] = ("image",)

    kind: Literal["images"] = "images"
    """This step."""
    smallest: Annotated[int, Field(ge=1)] = 16
    """Pixels that the shorter side must have not to be flagged."""
    longest: Annotated[float, Field(gt=1)] = 8.0
    """How many times as long as the shorter side the longer one may be."""

    def apply(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """The rows whose images can be read; the ledger says what is wrong with the others."""
        for name in context.named("image"):
            rows = self._examined(rows, name, context)
        return rows

    def _examined(self, rows: pl.DataFrame, name: str, context: Context) -> pl.DataFrame:
        present = rows[name].is_not_null()
        values = rows[name].filter(present)
        with ThreadPoolExecutor(context.workers) as pool:
            seen = list(pool.map(images.examine, values))
        marked = rows.filter(present).with_columns(
            _why=pl.Series([fault for fault, _, _ in seen], dtype=pl.String),
            _wide=pl.Series([width for _, width, _ in seen], dtype=pl.Int64),
            _high=pl.Series([height for _, _, height in seen], dtype=pl.Int64),
            _path=values.struct.field("path"),
        )
        unread = marked.filter(pl.col("_why").is_not_null())
        context.ledger.record(self.kind, "dropped", unread, pl.col("_why"), before=pl.col("_path"))
        self._flag(marked.filter(pl.col("_why").is_null()), context)
        lost = pl.repeat(False, len(rows), eager=True, dtype=pl.Boolean)
        lost = lost.scatter(present.arg_true(), marked["_why"].is_not_null())
        return rows.filter(~lost)

    def _flag(self, marked: pl.DataFrame, context: Context) -> None:
        """Enter images that are small or long, and say how many there are."""
        short, long = pl.min_horizontal("_wide", "_high"), pl.max_horizontal("_wide", "_high")
        size = pl.format("{} x {} pixels", "_wide", "_high")
        odd = marked.filter((short < self.smallest) | (long > self.longest * short))
        context.ledger.record(self.kind, "flagged", odd, size, before=pl.col("_path"))
        if odd.is_empty():
            return
        shown = odd.head(EXAMPLES).select(
            pl.col(SOURCE).alias("source"), pl.col(ROW).alias("row"),
            pl.col("_path").alias("path"), size.alias("size"),
        )  # fmt: skip
        context.findings.append(
            Finding(
                "{rows} images are smaller than {smallest} pixels, or more than {longest} times as "
                "long as wide: what is on them may be lost when they are resized.",
                self.kind, 0.2,
                fields={"rows": len(odd), "smallest": self.smallest, "longest": self.longest},
                examples=tuple(shown.to_dicts()),
            )
        )  # fmt: skip
