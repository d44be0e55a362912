"""Rules for Chinese: full-width forms, blanks between characters, traditional and simplified."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from luthier.core.errors import SetupError
from luthier.core.lazy import lazy
from luthier.data.operator import Defaults
from luthier.data.texts import TextOperator
from luthier.recipe.registries import PREPARATION

if TYPE_CHECKING:
    import polars as pl
else:
    pl = lazy("polars")

HAN = r"\p{Han}"
WIDE = {chr(code): chr(code - 0xFEE0) for code in range(0xFF10, 0xFF5B) if chr(code).isalnum()}
"""Full-width letters and digits to plain ones; punctuation is left, where full width is usual."""

GAP = rf"({HAN})[ \x{{3000}}]+({HAN})"
PROFILES = {"simplified": "t2s", "traditional": "s2t"}


@PREPARATION.register
class Chinese(TextOperator):
    """Write full-width letters and digits plainly; where asked for, treat blanks and the script.

    Other languages are not touched.
    """

    place: ClassVar[int] = 130
    defaults: ClassVar[Defaults] = {"social": {}, "web": {}}

    kind: Literal["chinese"] = "chinese"
    """This step."""
    width: bool = True
    """Write full-width Latin letters and digits as plain ones: `ＡＢＣ１２３` as `ABC123`."""
    gaps: bool = False
    """Remove blanks between Chinese characters, which tokenised texts have."""
    script: Literal["keep", "simplified", "traditional"] = "keep"
    """Write all Chinese in one script (by OpenCC, extra `chinese`)."""

    def change(self, texts: pl.Series) -> pl.Series:
        """Texts in the chosen forms."""
        if self.width:
            texts = texts.str.replace_many(list(WIDE), list(WIDE.values()))
        if self.gaps:
            # Twice: neighbouring gaps share a character, which one pass uses up.
            texts = texts.str.replace_all(GAP, "${1}${2}").str.replace_all(GAP, "${1}${2}")
        return texts if self.script == "keep" else self._converted(texts)

    def _converted(self, texts: pl.Series) -> pl.Series:
        converter = _converter(PROFILES[self.script])
        chinese = texts.str.contains(HAN).fill_null(False).arg_true()
        found = [converter.convert(text) for text in texts.gather(chinese)]
        return texts.clone().scatter(chinese, pl.Series(found, dtype=pl.String))


def _converter(profile: str) -> Any:
    try:
        opencc = importlib.import_module("opencc")
    except ImportError:
        raise SetupError(
            "Changing the script of Chinese needs OpenCC.",
            hint="Install it: pip install 'luthier[chinese]'",
            where="data.steps.chinese.script",
        ) from None
    return opencc.OpenCC(profile)
