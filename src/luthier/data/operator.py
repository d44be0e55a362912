"""The contract of a preparation step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal

from luthier.core.config import Config
from luthier.data.roles import Role

if TYPE_CHECKING:
    import polars as pl

    from luthier.data.ledger import Ledger


@dataclass
class Context:
    """What a step may know besides the rows."""

    roles: tuple[Role, ...]
    """Roles present in the rows; each is a column of that name."""
    ledger: Ledger
    """Where the step enters what it did."""
    labels: dict[str, str] = field(default_factory=dict)
    """Other spellings of a label, as the recipe gives them."""
    classes: tuple[str, ...] = ()
    """Class names that are settled already: those of a tuned model that is measured."""
    notes: list[str] = field(default_factory=list)
    """What a step guessed, for people."""

    def named(self, *kinds: str) -> list[str]:
        """Names of the columns whose role is of one of ``kinds``."""
        return [role.name for role in self.roles if role.kind in kinds]


class Operator(Config):
    """One preparation step: a function of rows that enters what it did in the ledger.

    Rows carry ``_source``, ``_row`` and ``_split`` (``train``, ``validation`` or
    ``test``) beside the role columns. A step never reorders the rows it keeps.
    """

    scope: ClassVar[Literal["text", "row", "table"]]
    """Which rows go through it. ``text``: it changes texts one by one and keeps every row, so
    also texts to predict for. ``row``: it may drop rows by themselves, so also labelled rows to
    measure on. ``table``: it compares rows, so only those a model is trained and judged on."""

    kind: str

    def apply(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """The rows after this step."""
        raise NotImplementedError
