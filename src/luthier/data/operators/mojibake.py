"""Mojibake: text that was read in the wrong encoding."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from luthier.core.lazy import lazy
from luthier.data.operator import Defaults
from luthier.data.texts import TextOperator
from luthier.recipe.registries import PREPARATION

if TYPE_CHECKING:
    import polars as pl
else:
    pl = lazy("polars")

ftfy = lazy("ftfy")

SUSPECT = r"[\x{80}-\x{FF}\x{192}\x{152}\x{153}\x{160}\x{161}\x{178}\x{17D}\x{17E}][^\x{0}-\x{7F}]"
"""Two letters that follow each other where UTF-8 was read as Latin-1 or cp1252; for fast search."""


@PREPARATION.register
class Mojibake(TextOperator):
    """Put text right that was read in the wrong encoding: `itâ€™s` becomes `it’s` (by ftfy)."""

    place: ClassVar[int] = 100
    defaults: ClassVar[Defaults] = {"news": {}, "social": {}, "web": {}, "chat": {}}

    kind: Literal["mojibake"] = "mojibake"
    """This step."""

    def change(self, texts: pl.Series) -> pl.Series:
        """Texts with their letters as they were meant."""
        suspect = texts.str.contains(SUSPECT).fill_null(False).arg_true()
        found = [ftfy.fix_encoding(text) for text in texts.gather(suspect)]
        return texts.clone().scatter(suspect, pl.Series(found, dtype=pl.String))
