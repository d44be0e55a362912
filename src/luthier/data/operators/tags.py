"""Tags of words: whether they keep to their scheme, and mark no entity inside another."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar, Literal

from luthier.core.lazy import lazy
from luthier.data.operator import Context, Defaults, Operator, Scope, everywhere
from luthier.data.roles import ROW, SOURCE
from luthier.recipe.registries import PREPARATION

if TYPE_CHECKING:
    import polars as pl

    from luthier.data import schemes
    from luthier.data.schemes import Scheme
else:
    pl, schemes = lazy("polars"), lazy("luthier.data.schemes")


@PREPARATION.register
class Tags(Operator):
    """Repair tags of entities that break their scheme, as an `I-PER` behind an `O`.

    The scheme (IO, BIO, BIOES and their kin) is told by the tags of all rows; tags that mark no
    entities stay as they are. Entities are read as the script `conlleval` reads them, so a repair
    changes no entity. Entities inside others, as `B-ORG|B-LOC`, are refused.
    """

    scope: ClassVar[Scope] = "row"
    place: ClassVar[int] = 60
    defaults: ClassVar[Defaults] = everywhere()
    families: ClassVar[tuple[str, ...] | None] = ("tag", "parse")

    kind: Literal["tags"] = "tags"
    """This step."""

    def apply(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """The rows with legal tags; each changed row is in the ledger with both."""
        for name in context.named("tags"):
            known = rows[name].explode().drop_nulls().unique(maintain_order=True).to_list()
            _check_flat(rows, name, known)
            scheme = schemes.detect(known)
            if scheme is not None:
                rows = self._repaired(rows, name, scheme, context)
        return rows

    def _repaired(
        self, rows: pl.DataFrame, name: str, scheme: Scheme, context: Context
    ) -> pl.DataFrame:
        old = [list(tags or ()) for tags in rows[name].to_list()]
        if scheme == "BIO" and _is_iob1(old):
            context.notes.append(f"{name}: the scheme is IOB1, which is read as BIO")
            return rows
        context.notes.append(f"{name}: the scheme is {scheme}")
        broken = [schemes.breaks(tags, scheme) for tags in old]
        mended = [
            schemes.canonical(tags, scheme) if wrong else tags
            for tags, wrong in zip(old, broken, strict=True)
        ]
        after = rows.with_columns(pl.Series(name, mended, dtype=pl.List(pl.String)))
        changed = after.with_columns(pl.Series("_old", old, dtype=pl.List(pl.String)))
        context.ledger.record(
            self.kind, "changed", changed.filter(pl.Series(broken, dtype=pl.Boolean)),
            f"tags break the scheme {scheme}",
            pl.col("_old").list.join(" "), pl.col(name).list.join(" "),
        )  # fmt: skip
        return rows.with_columns(
            pl.when(rows[name].is_null()).then(None).otherwise(after[name]).alias(name)
        )


def _check_flat(rows: pl.DataFrame, name: str, known: list[str]) -> None:
    """Refuse entities inside others, with the first row that has such.

    Raises:
        DataError: If a tag is of several.
    """
    nested = [tag for tag in known if schemes.NESTED.search(tag)]
    if nested:
        tag = nested[0]
        row = rows.filter(rows[name].list.contains(tag)).row(0, named=True)
        schemes.check_flat([tag], f"{row[SOURCE]}, row {row[ROW]}")


def _is_iob1(rows: list[list[str]]) -> bool:
    """Whether a ``B`` stands only where it parts two entities of a type, as in IOB1."""
    pairs = [pair for tags in rows for pair in pairwise(["O", *tags])]
    begins = [(before, after) for before, after in pairs if after[0] == "B"]
    inside = any(tag[0] == "I" for tags in rows for tag in tags)
    return inside and all(before != "O" and before[1:] == after[1:] for before, after in begins)
