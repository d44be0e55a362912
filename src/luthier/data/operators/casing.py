"""Upper and lower case of texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from luthier.data.texts import TextOperator
from luthier.recipe.registries import PREPARATION

if TYPE_CHECKING:
    import polars as pl


@PREPARATION.register
class Casing(TextOperator):
    """Write texts in lower case. Bases that tell case apart lose by it, so only when asked."""

    place: ClassVar[int] = 195

    kind: Literal["casing"] = "casing"
    """This step."""
    action: Literal["lower", "none"] = "lower"
    """`lower`: all in lower case; `none`: as they are."""

    def change(self, texts: pl.Series) -> pl.Series:
        """Texts in lower case, by Unicode's rules, which depend on no language."""
        return texts.str.to_lowercase() if self.action == "lower" else texts
