"""Characters: one form for one letter, no invisible ones, no HTML."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, ClassVar, Literal

from luthier.core.lazy import lazy
from luthier.data.operator import Context, Defaults, Operator, Scope, everywhere
from luthier.recipe.registries import PREPARATION

if TYPE_CHECKING:
    import polars as pl
else:
    pl = lazy("polars")

_CONTROL = "\\x{0}-\\x{8}\\x{E}-\\x{1F}\\x{7F}-\\x{9F}"
_BIDIRECTIONAL = "\\x{61C}\\x{200E}\\x{200F}\\x{202A}-\\x{202E}\\x{2066}-\\x{2069}"
_WIDTHLESS = "\\x{AD}\\x{180E}\\x{200B}\\x{2060}-\\x{2064}\\x{FEFF}"
_INVISIBLE = f"[{_CONTROL}{_BIDIRECTIONAL}{_WIDTHLESS}]"
_SUSPECT = "[&<]|[^\\x{0}-\\x{7F}]"
_URL = r"(?i)\b(?:https?://|www\.)[^\s<>\"'，。；、）】]+"

# Elements of running text only: `<title>` or `<time>` may be a placeholder that someone wrote.
_TAGS = """a abbr b big blockquote body br center cite code del div em figcaption figure font
h1 h2 h3 h4 h5 h6 head hr html i iframe img ins kbd li mark meta nobr ol p pre q script section
small span strike strong style sub sup table tbody td tfoot th thead tr tt u ul wbr"""
_TAG = re.compile(rf"</?(?:{'|'.join(_TAGS.split())})(?:\s+[^<>]*=[^<>]*|\s*)/?>", re.IGNORECASE)

_C1 = re.compile("[\x80-\x9f]")
_STRAY_JOINER = re.compile(
    "(?<![^\x00-\x7f\u3000-\u9fff])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f\u3000-\u9fff])"
)
"""Joiners that join nothing. Between two letters of Persian or Hindi, or two emoji, they do."""


@PREPARATION.register
class Unicode(Operator):
    """Bring text to Unicode form NFC, unescape HTML, drop tags and invisible characters.

    Texts with characters that were lost before (U+FFFD) are flagged in the ledger.
    """

    scope: ClassVar[Scope] = "text"
    place: ClassVar[int] = 120
    defaults: ClassVar[Defaults] = everywhere()

    kind: Literal["unicode"] = "unicode"
    """This step."""
    html: bool = True
    """Turn entities (`&amp;`) into characters and remove tags (`<br>`)."""
    urls: Literal["keep", "mask", "remove"] = "keep"
    """`mask` replaces web addresses by the word `URL`. Worth it for posts of social media, where
    each address occurs once; what a page is called says something elsewhere."""

    def apply(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """Text columns cleaned; each changed row is in the ledger with both texts."""
        for column in context.named("text"):
            marked = rows.with_columns(self._clean(rows[column]).alias("_after"))
            context.ledger.record(
                self.kind, "changed",
                marked.filter(pl.col(column).ne_missing(pl.col("_after"))),
                f"characters of {column}", before=pl.col(column), after=pl.col("_after"),
            )  # fmt: skip
            context.ledger.record(
                self.kind, "flagged",
                marked.filter(pl.col("_after").str.contains("\ufffd", literal=True)),
                f"{column} has characters that were lost before", before=pl.col(column),
            )  # fmt: skip
            rows = rows.with_columns(marked["_after"].alias(column))
        return rows

    def _clean(self, texts: pl.Series) -> pl.Series:
        # Only texts with '&', '<' or letters beyond ASCII can need Python's slow functions.
        suspect = texts.str.contains(_SUSPECT).fill_null(False).arg_true()
        slow = pl.Series([self._clean_one(text) for text in texts.gather(suspect)], dtype=pl.String)
        visible = texts.clone().scatter(suspect, slow).str.replace_all(_INVISIBLE, "")
        # Last, as letters and accents may have met only now.
        result = visible.str.normalize("NFC")
        if self.urls != "keep":
            result = result.str.replace_all(_URL, "URL" if self.urls == "mask" else "")
        return result

    def _clean_one(self, text: str) -> str:
        if self.html:
            text = _TAG.sub(" ", html.unescape(text))
        return _STRAY_JOINER.sub("", _C1.sub(_as_cp1252, text))


def _as_cp1252(match: re.Match[str]) -> str:
    """Control characters that no one writes are quotes and dashes of cp1252 read as Latin-1."""
    return match[0].encode("latin-1").decode("cp1252", "ignore")
