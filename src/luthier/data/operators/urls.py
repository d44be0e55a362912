"""Web addresses in texts."""

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

URL = (
    r"(?i)(?:https?://|\bwww\.)[^\s<>\"'，。；、）】\p{Han}]+[^\s<>\"'，。；、）】\p{Han}.,;:!?)\]]"
)


@PREPARATION.register
class Urls(TextOperator):
    """Mask or remove web addresses.

    Worth it for posts, where each address occurs once; what a page is called says something
    elsewhere.
    """

    place: ClassVar[int] = 140
    defaults: ClassVar[Defaults] = {"social": {"action": "mask"}}

    kind: Literal["urls"] = "urls"
    """This step."""
    action: Literal["mask", "remove"] = "mask"
    """`mask` puts the word `URL` in place of each."""

    def change(self, texts: pl.Series) -> pl.Series:
        """Texts without web addresses."""
        return texts.str.replace_all(URL, "URL" if self.action == "mask" else "")
