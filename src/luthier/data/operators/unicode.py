"""Characters: one form for one letter, no invisible ones, no HTML."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import TYPE_CHECKING, Literal

from luthier.core.lazy import lazy
from luthier.data.operator import Context, Operator
from luthier.recipe.registries import PREPARATION

if TYPE_CHECKING:
    import polars as pl
else:
    pl = lazy("polars")

_CONTROL = "\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f"
_BIDIRECTIONAL = "\u200e\u200f\u202a-\u202e\u2066-\u2069"
_WIDTHLESS = "\u200b-\u200d\u2060-\u2064\ufeff\ufffd"
_INVISIBLE = f"[{_CONTROL}{_BIDIRECTIONAL}{_WIDTHLESS}]"
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>")
_URL = r"(?i)\b(?:https?://|www\.)[^\s<>\"'，。；、）】]+"
_SUSPECT = "[&<]|[^\u0000-\u007f]"


@PREPARATION.register
class Unicode(Operator):
    """Bring text to Unicode form NFC, unescape HTML, drop tags and invisible characters."""

    kind: Literal["unicode"] = "unicode"
    """This step."""
    html: bool = True
    """Turn entities (`&amp;`) into characters and remove tags (`<br>`)."""
    urls: Literal["keep", "mask", "remove"] = "mask"
    """`mask` replaces web addresses by the word `URL`: which page it was rarely matters."""

    def apply(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """Text columns cleaned; each changed row is in the ledger with both texts."""
        for column in context.named("text"):
            cleaned = self._clean(rows[column])
            changed = rows.with_columns(cleaned.alias("_after")).filter(
                pl.col(column).ne_missing(pl.col("_after"))
            )
            context.ledger.record(
                self.kind, "changed", changed, f"characters of {column}",
                before=pl.col(column), after=pl.col("_after"),
            )  # fmt: skip
            rows = rows.with_columns(cleaned.alias(column))
        return rows

    def _clean(self, texts: pl.Series) -> pl.Series:
        # Only texts with '&', '<' or letters beyond ASCII can need Python's slow functions.
        suspect = texts.str.contains(_SUSPECT).fill_null(False)
        merged = texts.to_list()
        for index in suspect.arg_true():
            merged[index] = self._clean_one(merged[index])
        result = pl.Series(texts.name, merged, dtype=pl.String).str.replace_all(_INVISIBLE, "")
        if self.urls != "keep":
            result = result.str.replace_all(_URL, "URL" if self.urls == "mask" else "")
        return result

    def _clean_one(self, text: str) -> str:
        if self.html:
            text = _TAG.sub(" ", html.unescape(text))
        return unicodedata.normalize("NFC", text)
