"""Emoji in texts."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, ClassVar, Literal

from luthier.core.lazy import lazy
from luthier.data.texts import TextOperator
from luthier.recipe.registries import PREPARATION

if TYPE_CHECKING:
    import polars as pl
else:
    pl = lazy("polars")

_RANGES = (
    "\u203c\u2049\u20e3\u2139\u2194-\u21aa\u231a-\u23ff\u25aa-\u27bf\u2934\u2935\u2b05-\u2b55"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
SUSPECT = f"[{_RANGES}]"
"""In every emoji; for fast search."""

_ONE = f"{SUSPECT}\ufe0f?[\U0001f3fb-\U0001f3ff]?"
EMOJI = re.compile(
    f"[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3|{_ONE}(?:\u200d{_ONE})*"
    "[\U000e0020-\U000e007f]*"
)
"""Flags, framed digits, and sequences joined to one picture (Unicode TR 51)."""


@PREPARATION.register
class Emoji(TextOperator):
    """Remove emoji, or say in words what they show.

    They carry mood: keep them where the base's tokenizer knows them.
    """

    place: ClassVar[int] = 160

    kind: Literal["emoji"] = "emoji"
    """This step."""
    action: Literal["remove", "describe"] = "describe"
    """`describe` puts the Unicode name in place of each: `:thumbs up sign:`."""

    def change(self, texts: pl.Series) -> pl.Series:
        """Texts without pictures."""
        suspect = texts.str.contains(SUSPECT).fill_null(False).arg_true()
        word = _named if self.action == "describe" else ""
        found = [EMOJI.sub(word, text) for text in texts.gather(suspect)]
        return texts.clone().scatter(suspect, pl.Series(found, dtype=pl.String))


def _named(match: re.Match[str]) -> str:
    """The name of the first character of a sequence."""
    if "\U0001f1e6" <= match[0][0] <= "\U0001f1ff":
        letters = "".join(chr(ord(letter) - 0x1F1E6 + ord("a")) for letter in match[0])
        return f":flag {letters}:"
    return f":{unicodedata.name(match[0][0], 'emoji').lower()}:"
