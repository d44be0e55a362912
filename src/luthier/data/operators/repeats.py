"""Repeated characters: `soooo`, `!!!!!!`, `哈哈哈哈哈哈`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from luthier.core.lazy import lazy
from luthier.data.operator import Defaults
from luthier.data.texts import TextOperator
from luthier.recipe.registries import PREPARATION

if TYPE_CHECKING:
    import polars as pl
else:
    pl = lazy("polars")


COMMON = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ!?.,~*=_#-+/:;()<>'\"$%&@^|`[]{}\\"


@PREPARATION.register
class Repeats(TextOperator):
    """Shorten runs of the same letter or mark; digits are never touched.

    `sooooooo good!!!!!!` and `soooo good!!!!` are the same to a reader and should be to a model.
    """

    place: ClassVar[int] = 170
    defaults: ClassVar[Defaults] = {"social": {"most": 3}}

    kind: Literal["repeats"] = "repeats"
    """This step."""
    most: Annotated[int, Field(ge=1)] = 3
    """How many of the same character may follow each other."""

    def change(self, texts: pl.Series) -> pl.Series:
        """Texts with shorter runs."""
        pattern = re.compile(rf"([^\W\d]|[^\w\s])\1{{{self.most},}}")
        # The fast search knows no back-references, so it asks for each common character by itself.
        suspect = texts.str.contains(self._suspect()).fill_null(False).arg_true()
        found = [pattern.sub(lambda m: m[1] * self.most, text) for text in texts.gather(suspect)]
        return texts.clone().scatter(suspect, pl.Series(found, dtype=pl.String))

    def _suspect(self) -> str:
        """Matches every text with a run that is too long, of whatever character."""
        return (
            "|".join(f"{re.escape(c)}{{{self.most + 1}}}" for c in COMMON)
            + r"|[^\x00-\x7F]{"
            + (f"{self.most + 1}}}")
        )
