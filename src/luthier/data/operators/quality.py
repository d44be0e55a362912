"""Quality: texts that are too short or long, repeat themselves, or hold few words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from luthier.core.errors import DataError
from luthier.core.lazy import lazy
from luthier.data.operator import Context, Defaults, Operator, Scope, everywhere
from luthier.recipe.registries import PREPARATION

if TYPE_CHECKING:
    import polars as pl

    from luthier.data import texts
else:
    pl = lazy("polars")
    texts = lazy("luthier.data.texts")

Share = Annotated[float, Field(gt=0, le=1)]

WORD = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]|[\p{L}\p{M}\p{N}'’-]+"
CHUNK = 50_000
"""Rows whose words are held at a time."""

LEAST_WORDS = 20
"""Texts of fewer words repeat a word easily."""


@PREPARATION.register
class Quality(Operator):
    """Flag or drop texts that are hardly any: rules of the kind of Gopher (Rae et al. 2021, A1.1).

    A Chinese character counts as a word.
    """

    scope: ClassVar[Scope] = "table"
    place: ClassVar[int] = 300
    defaults: ClassVar[Defaults] = {k: v for k, v in everywhere().items() if k != "none"}

    kind: Literal["quality"] = "quality"
    """This step."""
    action: Literal["flag", "drop"] = "flag"
    """What becomes of such rows."""
    least: Annotated[int, Field(ge=0)] = 1
    """Words that a text must have."""
    most: Annotated[int, Field(gt=0)] | None = None
    """Words that a text may have; null: any number."""
    symbols: Share = 0.6
    """Characters that are neither letters, digits nor blanks, at most this share."""
    repeated: Share = 0.35
    """The most frequent word of a text of 20 words or more, at most this share of its words."""
    lines: Share = 0.5
    """Lines that another line of the text repeats, at most this share."""
    longest: Annotated[int, Field(gt=0)] = 200
    """Characters without a blank in a script that has blanks: more are no word of a language."""
    perplexity: Annotated[float, Field(gt=1)] | None = None
    """How surprising a text may be to the recipe's base, which must be a language model; null: it
    is not asked. A first run with a large limit notes what is usual."""

    def asks_base(self) -> bool:
        """Whether perplexity is limited."""
        return self.perplexity is not None

    def apply(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """The rows, perhaps without those that break a rule; the ledger names the rule."""
        if not texts.is_said(context):
            return rows
        said = texts.row_texts(rows, context)
        starts = range(0, max(1, len(said)), CHUNK)
        reasons = pl.concat([self._reasons(said.slice(start, CHUNK)) for start in starts])
        if self.perplexity is not None:
            why = self._surprising(said, self.perplexity, context)
            reasons = reasons.zip_with(reasons.is_not_null(), why)
        bad = reasons.is_not_null()
        entered = rows.with_columns(_why=reasons, _said=said).filter(bad)
        action: Literal["dropped", "flagged"] = "dropped" if self.action == "drop" else "flagged"
        context.ledger.record(
            self.kind, action, entered, pl.col("_why"), before=pl.col("_said").str.slice(0, 1000)
        )
        return rows.filter(~bad) if self.action == "drop" else rows

    def _surprising(self, said: pl.Series, limit: float, context: Context) -> pl.Series:
        """What each text's perplexity says against it, or null.

        Raises:
            DataError: If there is no base to ask.
        """
        if context.tools is None:
            raise DataError(
                "Perplexity asks a base, and here is none.",
                where="data.steps.quality.perplexity",
                hint="Prepare with a recipe that names a base, or leave perplexity out.",
            )
        found = context.tools.perplexity(said.to_list())
        measured = pl.Series("perplexity", found, dtype=pl.Float64)
        known = measured.fill_nan(None)
        usual = [known.quantile(share) for share in (0.5, 0.95, 0.99)]
        if None not in usual:
            told = ", ".join(f"{value:.1f}" for value in usual)
            context.notes.append(f"quality: perplexity at the median, 95% and 99% of texts: {told}")
        beyond = pl.format("perplexity {} is above {}", known.round(1), pl.lit(limit))
        return pl.select(pl.when(known > limit).then(beyond)).to_series()

    def _reasons(self, said: pl.Series) -> pl.Series:
        """The rule that each text breaks, or null."""
        measured = said.to_frame("text").select(
            words=pl.col("text").str.extract_all(WORD),
            marks=pl.col("text").str.count_matches(r"[^\p{L}\p{M}\p{N}\s]"),
            size=pl.col("text").str.len_chars(),
            lines=pl.col("text").str.split("\n"),
            run=pl.col("text").str.contains(rf"[!-~À-ɏ]{{{self.longest + 1}}}"),
        )
        count = pl.col("words").list.len()
        rules: list[tuple[pl.Expr | pl.Series, str]] = [
            (count < self.least, f"fewer than {self.least} words"),
            (count > (self.most or 2**31), f"more than {self.most} words"),
            (pl.col("marks") > self.symbols * pl.col("size"), "mostly signs"),
            (pl.col("run"), f"more than {self.longest} characters without a blank"),
            (pl.col("lines").list.len() * (1 - self.lines) > pl.col("lines").list.n_unique(),
             "the same lines again and again"),
            (_most_frequent(measured) > self.repeated, "the same word again and again"),
        ]  # fmt: skip
        why = pl.coalesce(pl.when(broken).then(pl.lit(reason)) for broken, reason in rules)
        return measured.select(why.cast(pl.String).alias("_why")).to_series()


def _most_frequent(measured: pl.DataFrame) -> pl.Series:
    """Share of the most frequent word in each text of enough words; else 0."""
    long = (measured["words"].list.len() >= LEAST_WORDS).arg_true()
    words = pl.DataFrame({"row": long, "word": measured["words"].gather(long)}).explode("word")
    counts = words.group_by("row", "word").len("n").group_by("row").agg(pl.col("n").max())
    sizes = measured["words"].list.len()
    shares = pl.zeros(len(measured), dtype=pl.Float64, eager=True)
    places = counts["row"]
    return shares.scatter(places, counts["n"] / sizes.gather(places))
