"""Boilerplate: lines that pages repeat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from luthier.core.lazy import lazy
from luthier.data.operator import Context, Defaults
from luthier.data.roles import SPLIT
from luthier.data.texts import TextOperator, change_texts
from luthier.recipe.registries import PREPARATION

if TYPE_CHECKING:
    import polars as pl
else:
    pl = lazy("polars")

USUAL = (
    r"(?i)^\W*(?:read more|share (?:this|on)\b.{0,40}|subscribe(?: to our newsletter)?"
    r"|sign up(?: now)?|click here.{0,30}|(?:we|this site) uses? cookies\b.{0,200}"
    r"|accept (?:all )?cookies"
    r"|all rights reserved.{0,40}|(?:©|copyright).{0,80}|advertisement|related (?:posts|articles)"
    r"|leave a (?:comment|reply)|back to top|skip to (?:main )?content|terms of (?:use|service)"
    r"|privacy policy|阅读全文|点击(?:查看|阅读).{0,20}|分享到.{0,20}"
    r"|版权所有.{0,40}|免责声明.{0,10}|责任编辑.{0,20}|上一篇.{0,60}|下一篇.{0,60}|返回顶部|相关(?:阅读|推荐|文章))\W*$"
)
"""Whole lines that belong to a page and not to its text."""


@PREPARATION.register
class Boilerplate(TextOperator):
    """Drop lines that belong to the page around a text: share buttons, cookie notices, footers.

    Beside the usual ones these are the lines that occur in many texts of train.
    """

    place: ClassVar[int] = 180
    defaults: ClassVar[Defaults] = {"web": {}}

    kind: Literal["boilerplate"] = "boilerplate"
    """This step."""
    share: Annotated[float, Field(gt=0, le=1)] = 0.02
    """A line in more than this share of the texts is dropped, if it is in `least` of them."""
    least: Annotated[int, Field(ge=2)] = 20
    """Texts that a line must occur in."""

    def apply(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """Texts without such lines; what recurs is learned once, from the rows of train."""
        if self.kind not in context.fitted:
            train = rows.filter(pl.col(SPLIT) == "train")
            recurring = [self._recurring(train[name]) for name in context.named("text")]
            context.fitted[self.kind] = sorted({line for lines in recurring for line in lines})
        known = context.fitted[self.kind]
        return change_texts(rows, context, self.kind, lambda texts: _without(texts, known))

    def _recurring(self, texts: pl.Series) -> list[str]:
        """Lines of several that are in many of the texts."""
        tall = texts.filter(texts.str.contains("\n", literal=True).fill_null(False))
        lines = tall.str.split("\n").list.eval(pl.element().str.strip_chars()).list.unique()
        counts = lines.explode().to_frame("line").group_by("line").len()
        least = max(self.least, self.share * len(texts))
        found = counts.filter((pl.col("len") >= least) & (pl.col("line").str.len_chars() > 1))
        return [str(line) for line in found["line"].sort()]


def _without(texts: pl.Series, known: list[str]) -> pl.Series:
    """Texts of several lines without lines that are boilerplate."""
    tall = texts.str.contains("\n", literal=True).fill_null(False).arg_true()
    line = pl.element()
    bare = line.str.strip_chars()
    kept = line.filter(~(bare.str.contains(USUAL) | bare.is_in(known)))
    new = texts.gather(tall).str.split("\n").list.eval(kept).list.join("\n")
    return texts.clone().scatter(tall, new)
