"""New rows of old ones, for each kind of rows: texts, tagged tokens, images."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, Any

import polars as pl

from luthier.core.errors import DataError
from luthier.data import images
from luthier.data.augment.images import encoded, single_change
from luthier.data.augment.mentions import mention_pool, replace_mentions
from luthier.data.augment.synonyms import replace_words
from luthier.data.augment.typos import typos
from luthier.data.augment.words import delete, swap
from luthier.data.augment.writing import case, punctuation
from luthier.data.minhash import in_order
from luthier.data.operator import Context
from luthier.data.roles import SPLIT
from luthier.data.texts import row_keys, row_texts

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

ALONE: Mapping[str, Callable[[str, Random, float], str]] = {
    "delete": delete, "swap": swap, "typos": typos, "case": case, "punctuation": punctuation,
}  # fmt: skip
"""Methods that need one text and chance."""

PIXELS = "_pixels"
"""Column of changed images: what was on them before they were written to a file."""


class Maker:
    """Changes texts.

    Args:
        rows: Divided rows, before any is added.
        context: Of the step.
        strength: As the step has it.
    """

    def __init__(self, rows: pl.DataFrame, context: Context, strength: float) -> None:
        self.context = context
        self.strength = strength

    def said(self, rows: pl.DataFrame) -> pl.Series:
        """What tells rows apart: no two new ones are equal in it; never null."""
        return row_keys(rows, self.context)

    def shown(self, rows: pl.DataFrame) -> pl.Series:
        """What the ledger has of them."""
        return row_texts(rows, self.context)

    def changed(self, method: str, rows: pl.DataFrame, randoms: Sequence[Random]) -> pl.DataFrame:
        """The rows, each changed once; where a text is null it stays so.

        Args:
            method: One of those that serve these rows.
            rows: Any of train.
            randoms: What chance decides with, one a row.

        Raises:
            DataError: If the base cannot do what the method asks of it.
        """
        for name in self.context.named("text"):
            old = rows[name]
            new = pl.Series(name, self._texts(method, old.fill_null("").to_list(), randoms))
            rows = rows.with_columns(pl.when(old.is_not_null()).then(new).alias(name))
        return rows

    def _texts(self, method: str, old: list[str], randoms: Sequence[Random]) -> list[str]:
        if method in ALONE:
            change = ALONE[method]
            return [
                change(t, random, self.strength) for t, random in zip(old, randoms, strict=True)
            ]
        assert self.context.tools is not None
        return replace_words(old, randoms, self.strength, self.context.tools)


class MentionMaker(Maker):
    """Replaces mentions of tagged tokens by others of train.

    Raises:
        DataError: If there are none.
    """

    def __init__(self, rows: pl.DataFrame, context: Context, strength: float) -> None:
        super().__init__(rows, context, strength)
        (self._tokens,), (self._tags,) = context.named("tokens"), context.named("tags")
        train = rows.filter(pl.col(SPLIT) == "train")
        self._pool = mention_pool(train.select(self._tokens, self._tags).iter_rows())
        if not self._pool:
            raise DataError(
                "The tags mark no mentions to replace: none begins with B-, I-, S- or U-.",
                where="data.steps.augment",
                hint="Leave the step augment out.",
            )

    def changed(self, method: str, rows: pl.DataFrame, randoms: Sequence[Random]) -> pl.DataFrame:
        """The rows with other mentions, and as many tags as tokens."""
        new = [
            replace_mentions(words, marks, self._pool, random, self.strength)
            for words, marks, random in zip(
                rows[self._tokens], rows[self._tags], randoms, strict=True
            )
        ]
        listed = pl.List(pl.String)
        return rows.with_columns(
            pl.Series(self._tokens, [words for words, _ in new], dtype=listed),
            pl.Series(self._tags, [marks for _, marks in new], dtype=listed),
        )


class ImageMaker(Maker):
    """Changes images; what comes out of a JPEG file is such a file, of any other a PNG file."""

    def __init__(self, rows: pl.DataFrame, context: Context, strength: float) -> None:
        super().__init__(rows, context, strength)
        (self._image,) = context.named("image")

    def said(self, rows: pl.DataFrame) -> pl.Series:
        """The pixels of each image, hashed; of none, nothing."""
        if PIXELS in rows.columns:
            return rows[PIXELS]
        values = rows[self._image].to_list()
        found = in_order(values, _seen, self.context.workers)
        return pl.Series(list(found), dtype=pl.String)

    def shown(self, rows: pl.DataFrame) -> pl.Series:
        """The names of the files that images are or will be."""
        path: pl.Series = rows[self._image].struct.field("path")
        return path

    def changed(self, method: str, rows: pl.DataFrame, randoms: Sequence[Random]) -> pl.DataFrame:
        """The rows with changed images."""
        change = single_change(method, self.strength)
        values = rows[self._image].to_list()

        def made(place: int) -> tuple[str, dict[str, Any] | None]:
            if values[place] is None:
                return "", None
            picture = change(images.open_image(values[place]), randoms[place])
            content = encoded(picture, jpeg=_is_jpeg(values[place]))
            return _hashed(picture), images.made_image(content)

        done = list(in_order(range(len(values)), made, self.context.workers))
        return rows.with_columns(
            pl.Series(self._image, [new for _, new in done], dtype=images.IMAGE),
            pl.Series(PIXELS, [pixels for pixels, _ in done], dtype=pl.String),
        )


def _seen(value: Mapping[str, Any] | None) -> str:
    return "" if value is None else _hashed(images.open_image(value))


def _hashed(picture: Picture) -> str:
    size = ",".join(map(str, picture.size))
    return hashlib.blake2b(picture.tobytes(), key=size.encode(), digest_size=16).hexdigest()


def _is_jpeg(value: Mapping[str, object]) -> bool:
    held = value["bytes"]
    if isinstance(held, bytes):
        return held.startswith(b"\xff\xd8")
    return str(value["path"]).lower().endswith((".jpg", ".jpeg"))
