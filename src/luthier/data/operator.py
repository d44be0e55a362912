"""The contract of a preparation step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

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

    def named(self, *kinds: str) -> list[str]:
        """Names of the columns whose role is of one of ``kinds``."""
        return [role.name for role in self.roles if role.kind in kinds]


class Operator(Config):
    """One preparation step: a function of rows that enters what it did in the ledger.

    Rows carry ``_source``, ``_row`` and ``_split`` (``train``, ``validation`` or
    ``test``) beside the role columns. A step never reorders the rows it keeps.
    """

    kind: str

    def apply(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """The rows after this step."""
        raise NotImplementedError
