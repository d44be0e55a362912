"""HTML in texts: entities and tags."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, ClassVar, Literal

from luthier.core.lazy import lazy
from luthier.data.operator import Defaults
from luthier.data.texts import TextOperator
from luthier.recipe.registries import PREPARATION

if TYPE_CHECKING:
    import polars as pl
else:
    pl = lazy("polars")

SUSPECT = "[&<]"

# Elements of running text only: `<title>` or `<time>` may be a placeholder that someone wrote.
_TAGS = """a abbr b big blockquote body br center cite code del div em figcaption figure font
h1 h2 h3 h4 h5 h6 head hr html i iframe img ins kbd li mark meta nobr ol p pre q script section
small span strike strong style sub sup table tbody td tfoot th thead tr tt u ul wbr"""
_TAG = re.compile(rf"</?(?:{'|'.join(_TAGS.split())})(?:\s+[^<>]*=[^<>]*|\s*)/?>", re.IGNORECASE)
_UNSEEN = re.compile(r"<(script|style)\b[^<>]*>.*?</\1\s*>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
_LINE_END = re.compile(r"<br\s*/?>|</(?:p|div|li|tr|h[1-6]|blockquote)\s*>", re.IGNORECASE)


@PREPARATION.register
class Html(TextOperator):
    """Turn entities (`&amp;`) into characters and remove tags, scripts, styles and comments."""

    place: ClassVar[int] = 110
    defaults: ClassVar[Defaults] = {"news": {}, "social": {}, "web": {"line_ends": "keep"}}

    kind: Literal["html"] = "html"
    """This step."""
    line_ends: Literal["join", "keep"] = "join"
    """`keep` makes a line end of `<br>` and of the ends of paragraphs; `join` a blank."""

    def change(self, texts: pl.Series) -> pl.Series:
        """Texts as a browser would show them."""
        suspect = texts.str.contains(SUSPECT).fill_null(False).arg_true()
        found = [self._clean(text) for text in texts.gather(suspect)]
        return texts.clone().scatter(suspect, pl.Series(found, dtype=pl.String))

    def _clean(self, text: str) -> str:
        # Twice, as `&amp;lt;` comes of texts that were escaped twice.
        text = html.unescape(html.unescape(text))
        text = _LINE_END.sub("\n" if self.line_ends == "keep" else " ", _UNSEEN.sub(" ", text))
        return _TAG.sub(" ", text)
