"""White space: one blank between words, none around."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from luthier.core.lazy import lazy
from luthier.data.operator import Defaults, everywhere
from luthier.data.texts import TextOperator
from luthier.recipe.registries import PREPARATION

if TYPE_CHECKING:
    import polars as pl
else:
    pl = lazy("polars")


@PREPARATION.register
class Whitespace(TextOperator):
    """Collapse runs of blanks and tabs in text to one blank; trim the ends."""

    place: ClassVar[int] = 190
    defaults: ClassVar[Defaults] = {
        **everywhere(line_ends="join"),
        "chat": {"line_ends": "untouched"},
        "web": {"line_ends": "keep"},
    }

    kind: Literal["whitespace"] = "whitespace"
    """This step."""
    line_ends: Literal["join", "keep", "untouched"] = "join"
    """`join` makes a line end a blank too; `keep` leaves one between lines that have text, for
    texts where lines say who speaks. `untouched` trims the ends of the text only, as code may be in
    it."""

    def change(self, texts: pl.Series) -> pl.Series:
        """Texts with plain white space."""
        plain = pl.col("text")
        if self.line_ends == "keep":
            plain = plain.str.replace_all(r"[^\S\n]+", " ").str.replace_all(r" ?\n\s*", "\n")
        elif self.line_ends == "join":
            plain = plain.str.replace_all(r"\s+", " ")
        return texts.to_frame("text").select(plain.str.strip_chars()).to_series()
