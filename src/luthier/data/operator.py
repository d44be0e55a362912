"""The contract of a preparation step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from luthier.core.config import Config
from luthier.data.finding import Finding
from luthier.data.roles import Role

if TYPE_CHECKING:
    import polars as pl

    from luthier.data.ledger import Ledger
    from luthier.data.tools import Tools

Scope = Literal["text", "row", "table"]

PROFILES = ("news", "social", "web", "chat", "none")
"""Kinds of text, each with its own selection of steps."""

CORPUS = "corpus"
"""The profile of much plain text: a step runs there only if it says so itself."""

Defaults = Mapping[str, Mapping[str, Any]]
"""Profile to the settings with which a step runs there without being asked for."""


def everywhere(**settings: Any) -> Defaults:
    """On in every profile, with the same settings."""
    return dict.fromkeys(PROFILES, settings)


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
    findings: list[Finding] = field(default_factory=list)
    """What a step found that someone should decide about."""
    fitted: dict[str, Any] = field(default_factory=dict)
    """Kind of step to what it learned from training rows; JSON, kept in the card. Filled in
    advance where rows are prepared as earlier ones were."""
    measured: dict[str, Any] = field(default_factory=dict)
    """Kind of step to what it measured of its own effect on validation; JSON, kept in the card."""
    tables: dict[str, pl.DataFrame] = field(default_factory=dict)
    """What a step has to show beside the rows, by name; kept as Parquet files."""
    base_dir: Path = Path()
    """Relative paths of the recipe start here."""
    seed: int = 0
    """What chance the step needs comes from this alone."""
    workers: int = 1
    """Threads the step may use; results do not depend on it."""
    tools: Tools | None = None
    """The base that the recipe will tune; None where none is given."""

    def named(self, *kinds: str) -> list[str]:
        """Names of the columns whose role is of one of ``kinds``."""
        return [role.name for role in self.roles if role.kind in kinds]


class Operator(Config):
    """One preparation step: a function of rows that enters what it did in the ledger.

    Rows carry ``_source``, ``_row`` and ``_split`` beside the role columns. A step never
    reorders the rows it keeps. Before the division ``_split`` is that of the source (``train``
    for rows still to be divided); after it, the row's own.
    """

    scope: ClassVar[Scope]
    """Which rows go through it. ``text``: it changes texts one by one and keeps every row, so
    also texts to predict for. ``row``: it may drop rows by themselves, so also labelled rows to
    measure on. ``table``: it compares rows, so only those a model is trained and judged on."""
    place: ClassVar[int]
    """Steps run in the order of their places, unless a recipe lists them."""
    defaults: ClassVar[Defaults] = {}
    """Where it runs without being asked for."""
    families: ClassVar[tuple[str, ...] | None] = None
    """Kinds of rows among which it runs unasked; None: all."""

    kind: str

    def sources(self) -> tuple[str, ...]:
        """Files that the step reads, as the recipe names them."""
        return ()

    def asks_base(self) -> bool:
        """Whether what it does depends on the base to be tuned."""
        return False

    def apply(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """The rows after this step, before they are divided into splits."""
        return rows

    def apply_divided(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """The rows after this step, once they are divided. What it learns, it learns of train."""
        return rows
