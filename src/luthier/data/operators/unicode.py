"""Characters: one form for one letter, no invisible ones."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Literal

from luthier.core.lazy import lazy
from luthier.data.operator import CORPUS, Context, Defaults
from luthier.data.texts import TextOperator
from luthier.recipe.registries import PREPARATION

if TYPE_CHECKING:
    import polars as pl

    from luthier.data import texts as texts_of
else:
    pl = lazy("polars")
    texts_of = lazy("luthier.data.texts")

_CONTROL = "\\x{0}-\\x{8}\\x{E}-\\x{1F}\\x{7F}-\\x{9F}"
_BIDIRECTIONAL = "\\x{61C}\\x{200E}\\x{200F}\\x{202A}-\\x{202E}\\x{2066}-\\x{2069}"
_WIDTHLESS = "\\x{AD}\\x{180E}\\x{200B}\\x{2060}-\\x{2064}\\x{FEFF}"
_INVISIBLE = f"[{_CONTROL}{_BIDIRECTIONAL}{_WIDTHLESS}]"
_SUSPECT = "[\\x{80}-\\x{9F}\\x{200C}\\x{200D}]"

_C1 = re.compile("[\x80-\x9f]")
_STRAY_JOINER = re.compile(
    "(?<![^\x00-\x7f\u3000-\u9fff])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f\u3000-\u9fff])"
)
"""Joiners that join nothing. Between two letters of Persian or Hindi, or two emoji, they do."""


@PREPARATION.register
class Unicode(TextOperator):
    """Bring text to a Unicode normal form; drop control, bidirectional and invisible characters.

    Texts with characters that were lost before (U+FFFD) are flagged in the ledger.
    """

    place: ClassVar[int] = 120
    defaults: ClassVar[Defaults] = {"news": {}, "social": {}, "web": {}, "chat": {}, CORPUS: {}}

    kind: Literal["unicode"] = "unicode"
    """This step."""
    form: Literal["nfc", "nfkc"] = "nfc"
    """`nfc` joins letters and accents. `nfkc` also makes plain letters of ligatures, of full-width
    and of styled ones, and digits of superscripts."""

    def apply(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """Texts cleaned; each changed row is in the ledger with both texts."""
        rows = super().apply(rows, context)
        lost = texts_of.row_texts(rows, context).str.contains("\ufffd", literal=True)
        context.ledger.record(
            self.kind, "flagged", rows.filter(lost), "has characters that were lost before",
        )  # fmt: skip
        return rows

    def change(self, texts: pl.Series) -> pl.Series:
        """Texts with one form for one letter."""
        # Only a few texts need Python's slow functions.
        suspect = texts.str.contains(_SUSPECT).fill_null(False).arg_true()
        slow = [_STRAY_JOINER.sub("", _C1.sub(_as_cp1252, text)) for text in texts.gather(suspect)]
        seen = texts.clone().scatter(suspect, pl.Series(slow, dtype=pl.String))
        # Last, as letters and accents may have met only now.
        visible = seen.str.replace_all(_INVISIBLE, "")
        return visible.str.normalize("NFC" if self.form == "nfc" else "NFKC")


def _as_cp1252(match: re.Match[str]) -> str:
    """Control characters that no one writes are quotes and dashes of cp1252 read as Latin-1."""
    return match[0].encode("latin-1").decode("cp1252", "ignore")
