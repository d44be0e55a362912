"""Augmentation: new training rows made of those there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from luthier.core.errors import DataError
from luthier.core.lazy import lazy
from luthier.data.augment.mentions import Pool, mention_pool, replace_mentions
from luthier.data.augment.synonyms import replace_words
from luthier.data.augment.typos import typos
from luthier.data.augment.words import delete, swap
from luthier.data.augment.writing import case, punctuation
from luthier.data.finding import Finding
from luthier.data.operator import Context, Operator, Scope
from luthier.data.roles import ADDED, ANSWERS, ROW, SOURCE, SPLIT
from luthier.recipe.registries import PREPARATION

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    from luthier.data import shingles, texts
    from luthier.data.augment import chance, effect
else:
    np, pl = lazy("numpy"), lazy("polars")
    shingles, texts = lazy("luthier.data.shingles"), lazy("luthier.data.texts")
    chance = lazy("luthier.data.augment.chance")
    effect = lazy("luthier.data.augment.effect")

Method = Literal[
    "delete", "swap", "typos", "case", "punctuation", "synonyms", "back_translation", "mentions"
]

ALONE: Mapping[str, Callable[[str, Random, float], str]] = {
    "delete": delete, "swap": swap, "typos": typos, "case": case, "punctuation": punctuation,
}  # fmt: skip
"""Methods that need one text and chance."""

BY_BASE = ("synonyms", "back_translation")
"""Methods that ask a model."""

TRIES = 4
"""Times that a row is changed anew when it comes out as a row there is."""

CHUNK = 20_000
"""Rows made at a time, which bounds the memory."""


@PREPARATION.register
class Augment(Operator):
    """Add changed copies of training rows, with the label of the original.

    Off by default: it helps where rows are few (Wei and Zou 2019 found most below 500) and costs
    time where they are many. No new row says the same as one of validation or test, but for
    case and punctuation, or exactly the same as another of train. Negations are never touched.
    """

    scope: ClassVar[Scope] = "table"
    place: ClassVar[int] = 610

    kind: Literal["augment"] = "augment"
    """This step."""
    methods: list[Method] = []
    """One of them, by chance, makes a new row. `delete` and `swap` words; `typos`; `case`;
    `punctuation`; `synonyms`: words that the base finds likely there, which takes a masked
    language model; `back_translation`, which takes a run that translates; `mentions` of tagged
    tokens replaced by others of their type. Empty: `delete`, `swap` and `typos`; for tagged tokens
    `mentions`."""
    share: Annotated[float, Field(gt=0, le=20)] = 0.5
    """New rows for each training row: 0.5 makes one of every second, 2 makes two of each."""
    strength: Annotated[float, Field(gt=0, le=1)] = 0.1
    """Share of a text's words (in Chinese: characters), or of its mentions, that a new row changes;
    at least one."""
    labels: list[str] = []
    """Make new rows only of those with one of these labels, e.g. rare ones; empty: of all."""

    def asks_base(self) -> bool:
        """Whether a method does."""
        return any(method in BY_BASE for method in self.methods)

    def apply_divided(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """Rows with the new ones behind them, each in the ledger with its original.

        Raises:
            DataError: If these rows have nothing that may be changed, or a method needs a base
                that there is not.
        """
        methods = self._methods(context)
        drawn, copies = self._drawn(rows, context)
        if ADDED not in rows.columns:
            rows = rows.with_columns(pl.lit(None, dtype=pl.String).alias(ADDED))
        pool = _pool(rows, context) if "mentions" in methods else {}
        known = _Known(rows, context)
        parts = [rows]
        for start in range(0, len(drawn), CHUNK):
            part = _Part(drawn.slice(start, CHUNK), copies[start : start + CHUNK], methods)
            parts.append(self._made(part, known, pool, context).select(rows.columns))
        made = sum(map(len, parts[1:]))
        if made < len(drawn):
            left = len(drawn) - made
            context.notes.append(f"augment: {left} new rows would have been as others; left out")
        done = pl.concat(parts)
        self._judge(done, made, context)
        return done

    def _judge(self, rows: pl.DataFrame, made: int, context: Context) -> None:
        """Enter what the new rows do to a linear model, where rows have one class each."""
        names = context.named("label")
        if not names or not context.named("text"):
            return
        said = texts.row_texts(rows, context)
        found = effect.effect_of(rows, said, names[0], self.kind, context.seed)
        if found is None:
            return
        context.findings.append(
            Finding(
                "With the {made} rows that augment made, a linear model's macro F1 on validation "
                "goes from {without:.3f} to {with_new:.3f}, its accuracy by {gain:+.3f} (interval "
                "{low:+.3f} to {high:+.3f}). The model you tune may judge otherwise.",
                self.kind,
                0.5 if found.hurts else 0.1,
                "data.steps.augment=false" if found.hurts else "",
                fields={
                    "made": made, "rows": found.rows, "without": found.f1_without,
                    "with_new": found.f1_with, "gain": found.accuracy.value,
                    "low": found.accuracy.low, "high": found.accuracy.high,
                },
            )
        )  # fmt: skip

    def _methods(self, context: Context) -> Sequence[str]:
        """The methods that serve rows with these roles."""
        tagged = bool(context.named("tokens")) and bool(context.named("tags"))
        labelled = bool(context.named("text")) and bool(context.named(*ANSWERS))
        if not tagged and not labelled:
            raise DataError(
                "There is nothing to augment: it takes texts with a label, or tagged tokens.",
                where="data.steps.augment",
                hint="Leave the step augment out.",
            )
        usual = ("mentions",) if tagged else ("delete", "swap", "typos")
        chosen = self.methods or usual
        for method in chosen:
            if (method == "mentions") != tagged:
                raise DataError(
                    "The method {method} does not serve rows of this kind.",
                    where="data.steps.augment.methods",
                    hint="For these rows there are: {known}.",
                    method=method,
                    known="mentions" if tagged else ", ".join([*ALONE, *BY_BASE]),
                )
        if self.asks_base() and context.tools is None:
            raise DataError(
                "The method {method} asks a base, and here is none.",
                where="data.steps.augment.methods",
                hint="Prepare with a recipe that names a base, or leave the method out.",
                method=next(method for method in chosen if method in BY_BASE),
            )
        return chosen

    def _drawn(
        self, rows: pl.DataFrame, context: Context
    ) -> tuple[pl.DataFrame, chance.Keys]:  # fmt: skip
        """Training rows, each as often as a new row is to be made of it; and a key for each."""
        train = rows.filter((pl.col(SPLIT) == "train") & self._wanted(rows, context))
        train = train.sort(SOURCE, ROW, maintain_order=True)
        keys = chance.row_keys(train, context.seed)
        whole = int(self.share)
        counts = whole + (chance.uniform(keys) < self.share - whole).astype(np.int64)
        places = np.repeat(np.arange(len(train)), counts)
        number = np.arange(len(places)) - np.repeat(np.cumsum(counts) - counts, counts)
        return train[places], chance.mixed(keys[places], number.astype(np.uint64) + np.uint64(1))

    def _wanted(self, rows: pl.DataFrame, context: Context) -> pl.Expr:
        names = context.named("label", "labels")
        if not self.labels or not names:
            return pl.lit(True)
        column = pl.col(names[0])
        if isinstance(rows[names[0]].dtype, pl.List):
            return column.list.eval(pl.element().is_in(self.labels)).list.any().fill_null(False)
        return column.is_in(self.labels).fill_null(False)

    def _made(self, part: _Part, known: _Known, pool: Pool, context: Context) -> pl.DataFrame:
        """New rows of some originals, in their order."""
        accepted: list[pl.DataFrame] = []
        pending = part.rows
        for attempt in range(TRIES):
            if pending.is_empty():
                break
            turns = part.turns(pending, attempt)
            tried = [self._changed(method, mine, part.randoms, pool, context)
                     for method, mine in turns]  # fmt: skip
            fresh = known.fresh(pl.concat(tried).sort("_index"), context)
            accepted.append(fresh)
            pending = pending.join(fresh.select("_index"), on="_index", how="anti")
            pending = pending.sort("_index")
        made = pl.concat(accepted).sort("_index").with_columns(pl.lit(self.kind).alias(ADDED))
        origin = texts.row_texts(part.rows[made["_index"].to_list()], context)
        context.ledger.record(
            self.kind, "added", made.with_columns(_before=origin),
            pl.format("made by {}", "_method"), before=pl.col("_before"), after=pl.col("_said"),
        )  # fmt: skip
        return made

    def _changed(
        self, method: str, rows: pl.DataFrame, randoms: Sequence[Random], pool: Pool,
        context: Context,
    ) -> pl.DataFrame:  # fmt: skip
        """The rows, changed by one method."""
        mine = [randoms[index] for index in rows["_index"]]
        rows = rows.with_columns(_method=pl.lit(method))
        if method == "mentions":
            return _with_other_mentions(rows, mine, pool, self.strength, context)
        for name in context.named("text"):
            old = rows[name].fill_null("").to_list()
            new = self._texts(method, old, mine, context)
            rows = rows.with_columns(pl.Series(name, new, dtype=pl.String))
        return rows

    def _texts(
        self, method: str, old: list[str], randoms: list[Random], context: Context
    ) -> list[str]:
        if method in ALONE:
            change = ALONE[method]
            return [
                change(text, random, self.strength)
                for text, random in zip(old, randoms, strict=True)
            ]
        assert context.tools is not None
        if method == "synonyms":
            return replace_words(old, randoms, self.strength, context.tools)
        return context.tools.translate(old)


class _Part:
    """Some originals, with the chance and the order of methods of each."""

    def __init__(self, rows: pl.DataFrame, keys: chance.Keys, methods: Sequence[str]) -> None:
        self.rows = rows.with_row_index("_index")
        self.randoms = [Random(int(key)) for key in keys]
        self._orders = [random.sample(methods, len(methods)) for random in self.randoms]

    def turns(self, rows: pl.DataFrame, attempt: int) -> list[tuple[str, pl.DataFrame]]:
        """Each method with the rows whose turn it has at this attempt."""
        orders = [self._orders[index] for index in rows["_index"]]
        own = pl.Series([order[attempt % len(order)] for order in orders], dtype=pl.String)
        return [(method, rows.filter(own == method)) for method in sorted(own.unique())]


class _Known:
    """What rows say that there are, so that no new one says it again."""

    def __init__(self, rows: pl.DataFrame, context: Context) -> None:
        said = texts.row_texts(rows, context)
        held_out = said.filter(rows[SPLIT] != "train")
        self._exact = said.alias("_said").to_frame()
        self._held_out = shingles.normalise(held_out).alias("_plain").to_frame()

    def fresh(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """The rows that are new, each once, with ``_said``; from now on they are known."""
        said = texts.row_texts(rows, context)
        new = (
            rows.with_columns(said.alias("_said"), shingles.normalise(said).alias("_plain"))
            .unique("_said", keep="first", maintain_order=True)
            .join(self._exact, on="_said", how="anti")
            .join(self._held_out, on="_plain", how="anti")
            .sort("_index")
            .drop("_plain")
        )
        self._exact = pl.concat([self._exact, new.select("_said")])
        return new


def _pool(rows: pl.DataFrame, context: Context) -> Pool:
    """The mentions of the training rows."""
    (tokens, *_), (tags, *_) = context.named("tokens"), context.named("tags")
    train = rows.filter(pl.col(SPLIT) == "train")
    return mention_pool(train.select(tokens, tags).iter_rows())


def _with_other_mentions(
    rows: pl.DataFrame, randoms: list[Random], pool: Pool, strength: float, context: Context
) -> pl.DataFrame:
    (tokens, *_), (tags, *_) = context.named("tokens"), context.named("tags")
    changed = [
        replace_mentions(words, marks, pool, random, strength)
        for words, marks, random in zip(rows[tokens], rows[tags], randoms, strict=True)
    ]
    listed = pl.List(pl.String)
    return rows.with_columns(
        pl.Series(tokens, [words for words, _ in changed], dtype=listed),
        pl.Series(tags, [marks for _, marks in changed], dtype=listed),
    )
