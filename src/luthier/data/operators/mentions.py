"""Mentions of users and hashtags in texts."""

from __future__ import annotations

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

MENTION = r"(^|[^\p{L}\p{N}_@./])[@＠]([A-Za-z0-9_]{2,30}|[\p{Han}\p{L}\p{N}_-]{2,30})"
HASHTAG = r"(^|[^\p{L}\p{N}_&/])#([\p{L}\p{N}_]+)#?"


@PREPARATION.register
class Mentions(TextOperator):
    """Mask or remove mentions of users (`@name`), and treat hashtags.

    Who is addressed seldom says what is meant, and a model should not learn it by heart.
    """

    place: ClassVar[int] = 150
    defaults: ClassVar[Defaults] = {"social": {"action": "mask"}}

    kind: Literal["mentions"] = "mentions"
    """This step."""
    action: Literal["keep", "mask", "remove"] = "mask"
    """`mask` puts `@user` in place of each."""
    hashtags: Literal["keep", "split", "remove"] = "keep"
    """`split` makes words of them: `#NeverAgain` becomes `Never Again`."""

    def change(self, texts: pl.Series) -> pl.Series:
        """Texts without names of users."""
        if self.action != "keep":
            texts = texts.str.replace_all(MENTION, "$1@user" if self.action == "mask" else "$1")
        if self.hashtags == "remove":
            return texts.str.replace_all(HASHTAG, "$1")
        return self._split(texts) if self.hashtags == "split" else texts

    def _split(self, texts: pl.Series) -> pl.Series:
        tagged = texts.str.contains(HASHTAG).fill_null(False).arg_true()
        marked = texts.gather(tagged).to_list()
        split = [_HASHTAG.sub(_words, text) for text in marked]
        return texts.clone().scatter(tagged, pl.Series(split, dtype=pl.String))


_HASHTAG = re.compile(r"(?<![\w&/])#(\w+)#?")
_JOINTS = re.compile(r"(?<=[a-z])(?=[A-Z])|_+|(?<=[A-Za-z])(?=\d)")


def _words(match: re.Match[str]) -> str:
    return " ".join(_JOINTS.sub(" ", match[1]).split())
