"""Augmentation: new training rows made of those there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from luthier.core.errors import DataError
from luthier.core.lazy import lazy
from luthier.data.finding import Finding
from luthier.data.operator import Context, Operator, Scope
from luthier.data.roles import ADDED, ANSWERS, ROW, SOURCE, SPLIT
from luthier.recipe.registries import PREPARATION

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    from luthier.data import split, texts
    from luthier.data.augment import chance, effect, known, makers
else:
    np, pl = lazy("numpy"), lazy("polars")
    split, texts = lazy("luthier.data.split"), lazy("luthier.data.texts")
    chance = lazy("luthier.data.augment.chance")
    effect = lazy("luthier.data.augment.effect")
    known = lazy("luthier.data.augment.known")
    makers = lazy("luthier.data.augment.makers")

Method = Literal[
    "delete", "swap", "typos", "case", "punctuation", "synonyms", "mentions", "crop", "flip",
    "colour", "rotate", "cutout",
]  # fmt: skip

SERVING: Mapping[str, tuple[Method, ...]] = {
    "tags": ("mentions",),
    "text": ("delete", "swap", "typos", "case", "punctuation", "synonyms"),
    "image": ("crop", "flip", "colour", "rotate", "cutout"),
}
"""What is changed in a row, and the methods that do it."""

USUAL: Mapping[str, tuple[Method, ...]] = {
    "tags": ("mentions",),
    "text": ("delete", "swap", "typos"),
    "image": ("crop", "colour", "rotate"),
}
"""Those that are taken where a recipe names none."""

BY_BASE = ("synonyms",)
"""Methods that ask a model."""

TRIES = 4
"""Times that a row is changed anew when it comes out as a row there is."""

CHUNK = 20_000
"""Rows made at a time, which bounds the memory."""


@PREPARATION.register
class Augment(Operator):
    """Add changed copies of training rows, with the label of the original.

    Off by default: it helps where rows are few (Wei and Zou 2019 found most below 500) and costs
    time where they are many. What it did to a linear model's score on validation is reported. No
    new row says what one of validation or test says, case and punctuation aside, or exactly what
    another of train does. Negations of English and Chinese with what they are about, figures,
    addresses and placeholders are never touched.
    """

    scope: ClassVar[Scope] = "table"
    place: ClassVar[int] = 610

    kind: Literal["augment"] = "augment"
    """This step."""
    methods: list[Method] = []
    """One of them, by chance, makes a new row. Of texts: `delete` and `swap` words; `typos`;
    `case`; `punctuation`; `synonyms`: words that the base finds likely there, which takes a masked
    language model. Of tagged tokens: `mentions` replaced by others of their type. Of images:
    `crop`, `flip` left and right, `colour`, `rotate`, `cutout`. Empty: `delete`, `swap` and
    `typos`; `mentions`; `crop`, `colour` and `rotate`."""
    share: Annotated[float, Field(gt=0, le=20)] = 0.5
    """New rows for each training row: 0.5 makes one of every second, 2 makes two of each."""
    strength: Annotated[float, Field(gt=0, le=1)] = 0.1
    """Share of a text's words (in Chinese: characters), or of its mentions, that a new row changes;
    at least one. Of images: 0.1 leaves out, changes or covers up to a fifth, or turns by up to 10
    degrees."""
    labels: list[str] = []
    """Make new rows only of those with one of these labels, e.g. rare ones; of tagged tokens, with
    a mention of one of these types. Empty: of all."""

    def asks_base(self) -> bool:
        """Whether a method does."""
        return any(method in BY_BASE for method in self.methods)

    def apply_divided(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """Rows with the new ones behind them, each in the ledger with its original.

        Raises:
            DataError: If these rows have nothing that may be changed, none has the labels, or a
                method needs a base that there is not.
        """
        changes = _changes(context)
        methods = self._methods(changes, context)
        drawn, keys = self._drawn(rows, context)
        if ADDED not in rows.columns:
            rows = rows.with_columns(pl.lit(None, dtype=pl.String).alias(ADDED))
        maker = _maker(changes, rows, context, self.strength)
        there = known.Known(maker.said(rows), rows[SPLIT] != "train")
        parts = [rows]
        for start in range(0, len(drawn), CHUNK):
            part = _Part(drawn.slice(start, CHUNK), keys[start : start + CHUNK], methods)
            parts.append(self._made(part, maker, there, context).select(rows.columns))
        made = sum(map(len, parts[1:]))
        if made < len(drawn):
            left = len(drawn) - made
            context.notes.append(f"augment: {left} new rows would have been as others; left out")
        done = pl.concat(parts)
        if made:
            self._judge(done, made, context)
        return done

    def _methods(self, changes: str, context: Context) -> Sequence[Method]:
        """The methods, all of which serve rows in which this is changed."""
        for method in self.methods:
            if method not in SERVING[changes]:
                raise DataError(
                    "The method {method} does not serve rows of this kind.",
                    where="data.steps.augment.methods",
                    hint="For these rows there are: {known}.",
                    method=method,
                    known=", ".join(SERVING[changes]),
                )
        if self.asks_base() and context.tools is None:
            raise DataError(
                "The method {method} asks a base, and here is none.",
                where="data.steps.augment.methods",
                hint="Prepare with a recipe that names a base, or leave the method out.",
                method=next(method for method in self.methods if method in BY_BASE),
            )
        return self.methods or USUAL[changes]

    def _drawn(self, rows: pl.DataFrame, context: Context) -> tuple[pl.DataFrame, chance.Keys]:
        """Training rows, each as often as a new row is to be made of it; and a key for each."""
        train = rows.filter(pl.col(SPLIT) == "train")
        if self.labels:
            train = _labelled(train, self.labels, context)
        train = train.sort(SOURCE, ROW, maintain_order=True)
        keys = chance.row_keys(train, context.seed)
        counts = np.full(len(train), int(self.share))
        once_more = round((self.share - int(self.share)) * len(train))
        counts[np.argsort(keys, kind="stable")[:once_more]] += 1
        places = np.repeat(np.arange(len(train)), counts)
        number = np.arange(len(places)) - np.repeat(np.cumsum(counts) - counts, counts)
        return train[places], chance.mixed(keys[places], number.astype(np.uint64) + np.uint64(1))

    def _made(
        self, part: _Part, maker: makers.Maker, there: known.Known, context: Context
    ) -> pl.DataFrame:
        """New rows of some originals, in their order."""
        accepted: list[pl.DataFrame] = []
        pending = part.rows
        for attempt in range(TRIES):
            if pending.is_empty():
                break
            tried = pl.concat([
                maker.changed(method, mine, part.chances(mine)).with_columns(
                    _method=pl.lit(method)
                )
                for method, mine in part.turns(pending, attempt)
            ]).sort("_index")  # fmt: skip
            accepted.append(there.fresh(tried, maker.said(tried)))
            pending = pending.join(accepted[-1], on="_index", how="anti").sort("_index")
        made = pl.concat(accepted).sort("_index").with_columns(pl.lit(self.kind).alias(ADDED))
        origin = part.rows[made["_index"].to_list()]
        context.ledger.record(
            self.kind, "added",
            made.with_columns(_before=maker.shown(origin), _after=maker.shown(made)),
            pl.format("made by {}", "_method"), before=pl.col("_before"), after=pl.col("_after"),
        )  # fmt: skip
        return made

    def _judge(self, rows: pl.DataFrame, made: int, context: Context) -> None:
        """Report what the new rows do to a linear model, where rows have one class each."""
        names, found = context.named("label"), None
        if names and context.named("text", "image"):
            judge = _linear_judge(rows, context)
            found = effect.effect_of(rows, judge, names[0], self.kind, context.seed)
        if found is None:
            context.notes.append(
                "augment: what the new rows do was not measured; it takes texts or images of two "
                f"classes or more, {effect.LEAST_TRAIN} rows to train on and "
                f"{effect.LEAST_VALIDATION} for validation"
            )
            return
        context.measured[self.kind] = found.to_json()
        gain = found.gains["f1_macro"]
        context.findings.append(
            Finding(
                "Augmentation added {made} rows: a linear model's macro F1 on {asked} validation "
                "rows went from {without:.3f} to {with_new:.3f}, a difference of {gain:+.3f} "
                "(paired bootstrap interval {low:+.3f} to {high:+.3f}). That is the judgement of a "
                "linear model; the model you tune may gain or lose by them otherwise.",
                self.kind,
                0.5 if found.hurts else 0.2 if gain.value < 0 else 0.1,
                "data.steps.augment=false" if found.hurts else "",
                fields={
                    "made": made, "asked": found.asked, "without": found.without["f1_macro"],
                    "with_new": found.with_new["f1_macro"], "gain": gain.value, "low": gain.low,
                    "high": gain.high,
                },
            )
        )  # fmt: skip


class _Part:
    """Some originals, with the chance and the order of methods of each."""

    def __init__(self, rows: pl.DataFrame, keys: chance.Keys, methods: Sequence[str]) -> None:
        self.rows = rows.with_row_index("_index")
        self._randoms = [Random(int(key)) for key in keys]
        self._orders = [random.sample(methods, len(methods)) for random in self._randoms]

    def turns(self, rows: pl.DataFrame, attempt: int) -> list[tuple[str, pl.DataFrame]]:
        """Each method with the rows whose turn it has at this attempt."""
        orders = [self._orders[index] for index in rows["_index"]]
        own = pl.Series([order[attempt % len(order)] for order in orders], dtype=pl.String)
        return [(method, rows.filter(own == method)) for method in sorted(own.unique())]

    def chances(self, rows: pl.DataFrame) -> list[Random]:
        """What chance decides with, for each row."""
        return [self._randoms[index] for index in rows["_index"]]


def _changes(context: Context) -> str:
    """What is changed in rows with these roles."""
    tokens, tags = context.named("tokens"), context.named("tags", "heads")
    answered = bool(context.named(*ANSWERS))
    if len(tokens) == 1 and len(tags) == 1:
        return "tags"
    if answered and context.named("text"):
        return "text"
    if answered and len(context.named("image")) == 1:
        return "image"
    raise DataError(
        "There is nothing to augment: it takes texts or images with a label, or tagged tokens.",
        where="data.steps.augment",
        hint="Leave the step augment out.",
    )


def _labelled(train: pl.DataFrame, wanted: list[str], context: Context) -> pl.DataFrame:
    """The rows with one of these labels, or with a mention of one of these types."""
    names = context.named("label", "labels", "tags")
    given = train[names[0]] if names else pl.Series([], dtype=pl.String)
    if context.named("tags"):
        given = given.list.eval(pl.element().str.replace("^[A-Z]-", ""))
    there = set(split.flat(given).drop_nulls().unique())
    lacking = [label for label in wanted if label not in there]
    if lacking:
        raise DataError(
            "No row to train on has the label '{label}'.",
            where="data.steps.augment.labels",
            hint="Labels there are: {known}.",
            label=lacking[0],
            known=", ".join(sorted(there)[:20]),
        )
    if isinstance(given.dtype, pl.List):
        return train.filter(given.list.eval(pl.element().is_in(wanted)).list.any().fill_null(False))
    return train.filter(given.is_in(wanted).fill_null(False))


def _linear_judge(rows: pl.DataFrame, context: Context) -> effect.Judge:
    """How the linear model sees rows of texts or images."""
    if context.named("text"):
        return effect.Judge.of_texts(texts.row_texts(rows, context))
    (image,) = context.named("image")
    return effect.Judge.of_images(rows[image], context.workers)


def _maker(changes: str, rows: pl.DataFrame, context: Context, strength: float) -> makers.Maker:
    kinds = {"tags": makers.MentionMaker, "text": makers.Maker, "image": makers.ImageMaker}
    return kinds[changes](rows, context, strength)
