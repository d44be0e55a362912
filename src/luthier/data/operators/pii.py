"""Personal data of structured kinds: found, counted, masked."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, ClassVar, Literal

from luthier.core.lazy import lazy
from luthier.data.finding import Finding
from luthier.data.operator import Context, Defaults, Operator, Scope, everywhere
from luthier.recipe.registries import PREPARATION

if TYPE_CHECKING:
    import polars as pl

    from luthier.data import pii, texts
else:
    pl = lazy("polars")
    pii, texts = lazy("luthier.data.pii"), lazy("luthier.data.texts")

Kind = Literal["credentials", "email", "iban", "card", "resident_id", "phone", "ip"]

EVERYWHERE = everywhere()


@PREPARATION.register
class Pii(Operator):
    """Find e-mail addresses, phone numbers, payment cards, bank accounts and the like in texts.

    Numbers with a checksum are verified. In the ledger stand kinds and counts, never the values.
    """

    scope: ClassVar[Scope] = "text"
    place: ClassVar[int] = 320
    defaults: ClassVar[Defaults] = {k: v for k, v in EVERYWHERE.items() if k != "none"}

    kind: Literal["pii"] = "pii"
    """This step."""
    action: Literal["flag", "mask"] = "flag"
    """`mask` puts a placeholder such as `[EMAIL_1]` in place of each value; within a text the same
    value has the same placeholder."""
    kinds: list[Kind] = ["credentials", "email", "iban", "card", "resident_id", "phone", "ip"]
    """What to look for. `resident_id`: that of China. `credentials`: passwords and keys in web
    addresses."""
    keep: list[str] = []
    """What is none of it: values, or how they end, e.g. `@example.org`."""

    def apply(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """The rows, masked where asked for; those that hold something are in the ledger."""
        counted: Counter[str] = Counter()
        touched = 0
        for role in context.roles:
            if role.kind in ("text", "dialogue", "verbatim"):
                masked = self.action == "mask" and role.kind != "verbatim"
                rows, kinds = self._column(rows, role.name, role.kind, masked, context)
                touched += sum(1 for found in kinds if found)
                counted.update(kind for found in kinds for kind in found.elements())
        if counted and self.action == "flag":
            self._report(counted, touched, context)
        return rows

    def _column(
        self, rows: pl.DataFrame, name: str, kind: str, masked: bool, context: Context
    ) -> tuple[pl.DataFrame, list[Counter[str]]]:
        """Rows after one column, and what each suspicious row of it holds."""
        column = rows[name]
        nested = kind == "dialogue"
        said = texts.spoken(column) if nested else column
        suspect = said.str.contains(pii.SUSPECT).fill_null(False).arg_true()
        values = column.gather(suspect)
        flat = texts.contents(values) if nested else values
        sizes = values.list.len().fill_null(0).to_list() if nested else [1] * len(values)
        clean, found = self._rows(flat.to_list(), sizes)
        held = [index for index, kinds in enumerate(found) if kinds]
        entered = rows[suspect.gather(held)].with_columns(
            _why=pl.Series([_words(found[index]) for index in held], dtype=pl.String)
        )
        if not masked:
            context.ledger.record(self.kind, "flagged", entered, pl.col("_why"))
            return rows, found
        new = pl.Series(clean, dtype=pl.String)
        put = texts.with_contents(values, new) if nested else new
        after = column.clone()
        if held:
            after = _replaced(column, suspect.gather(held), put.gather(held))
        shown = texts.spoken(put) if nested else put
        entered = entered.with_columns(_after=shown.gather(held))
        context.ledger.record(self.kind, "changed", entered, pl.col("_why"), after=pl.col("_after"))
        return rows.with_columns(after.alias(name)), found

    def _rows(
        self, turns: list[str | None], sizes: list[int]
    ) -> tuple[list[str | None], list[Counter[str]]]:
        """Masked texts, and for each row how many values of each kind its texts hold."""
        clean: list[str | None] = []
        found: list[Counter[str]] = []
        for size in sizes:
            known: dict[tuple[str, str], str] = {}
            kinds: Counter[str] = Counter()
            for text in turns[len(clean) : len(clean) + size]:
                places = pii.find(text or "", self.kinds, self.keep)
                kinds.update(place.kind for place in places)
                clean.append(pii.mask(text, places, known) if text else text)
            found.append(kinds)
        return clean, found

    def _report(self, counted: Counter[str], rows: int, context: Context) -> None:
        context.findings.append(
            Finding(
                "{rows} rows hold personal data that a model may learn by heart: {kinds}.",
                "pii", 0.5, "data.steps.pii.action=mask",
                fields={"rows": rows, "kinds": _words(counted)},
            )
        )  # fmt: skip


def _words(kinds: Counter[str]) -> str:
    """``2 email, 1 phone``."""
    ordered = sorted(kinds.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{count} {kind}" for kind, count in ordered)


def _replaced(column: pl.Series, index: pl.Series, values: pl.Series) -> pl.Series:
    """The column with other values in some places; works for lists too."""
    order = pl.int_range(len(column), eager=True, dtype=pl.Int64).scatter(
        index, pl.int_range(len(column), len(column) + len(values), eager=True, dtype=pl.Int64)
    )
    return pl.concat([column, values.cast(column.dtype)]).gather(order)
