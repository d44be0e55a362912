"""What a recipe can say of a base that has yet to be trained."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from luthier.core.config import Config

Family = Literal["decoder", "encoder", "encoder_decoder"]
Size = Literal["tiny", "mini", "small", "base"]


class NewTokenizer(Config):
    """A tokenizer that is trained on the rows of train."""

    kind: Literal["bpe", "unigram"] = "bpe"
    """`bpe`: byte-level byte-pair encoding (Sennrich et al. 2016; Radford et al. 2019), which can
    say any text. `unigram`: pieces of a unigram language model (Kudo 2018) with bytes for what they
    do not cover, as in SentencePiece."""
    vocabulary: Annotated[int, Field(ge=300, le=1_000_000)] = 8192
    """Pieces, special tokens included. Fewer where the texts do not hold so many."""
    characters: Annotated[int, Field(gt=0)] = 20_000_000
    """Characters of train that pieces are learned from, of all its rows alike."""


class NewNetwork(Config):
    """A network of a class of transformers, with random weights or a decoder's."""

    family: Family
    """`decoder`: as Llama, reads from left to right, for text to go on with and chat. `encoder`: as
    BERT, reads both ways, for labels, tags and answers to find. `encoder_decoder`: as T5 1.1, or
    T5Gemma where `weights` are given, turns a text into another."""
    size: Size = "mini"
    """With 8,192 pieces, in million parameters (decoder, encoder, encoder_decoder): `tiny` 2, 2, 2;
    `mini` 5, 6, 9; `small` 17, 18, 27; `base` 42, 43, 61."""
    width: Annotated[int, Field(gt=0, multiple_of=8)] | None = None
    """Numbers of a token's vector, instead of those of `size`."""
    layers: Annotated[int, Field(gt=0)] | None = None
    """Layers instead of those of `size`; of an encoder_decoder, of each half."""
    heads: Annotated[int, Field(gt=0)] | None = None
    """Heads of attention; `width` must be a multiple of it. Default: one for every 64 numbers."""
    positions: Annotated[int, Field(gt=7)] = 1024
    """The longest text in tokens. An encoder_decoder knows distances only and has no limit."""
    tokenizer: NewTokenizer | str = NewTokenizer()
    """Trained on train, or the name of a base whose tokenizer is taken."""
    weights: str | None = None
    """Of an encoder_decoder: the name of a decoder, such as `luthier-gpt`, whose weights, sizes and
    tokenizer both halves begin with (Zhang et al. 2025). `layers` are then the encoder's, the
    lowest ones; default: all."""

    @model_validator(mode="after")
    def _heads_fit(self) -> Self:
        if self.heads is not None and self.width is None:
            raise ValueError("heads goes with width")
        if self.width is not None and self.width % (self.heads or head_count(self.width)):
            raise ValueError("width must be a multiple of heads")
        return self

    @model_validator(mode="after")
    def _weights_have_their_sizes(self) -> Self:
        if self.weights is None:
            return self
        if self.family != "encoder_decoder":
            raise ValueError("weights is for an encoder_decoder; name another base as base: NAME")
        theirs = {"size", "width", "heads", "positions", "tokenizer"}
        given = sorted(
            name for name in theirs if getattr(self, name) != type(self).model_fields[name].default
        )
        if given:
            raise ValueError(f"{given[0]} comes with the weights of {self.weights}: leave it out")
        return self


class NewBase(Config):
    """A base that the recipe makes."""

    new: NewNetwork
    """Its kind and size."""

    def __str__(self) -> str:
        if self.new.weights is not None:
            return f"encoder-decoder:{self.new.weights}"
        parts = [self.new.family.replace("_", "-"), self.new.size]
        if self.new.width or self.new.layers:
            parts[1] = f"{self.new.width or self.new.size}x{self.new.layers or ''}".strip("x")
        return f"new:{'-'.join(parts)}"


def head_count(width: int) -> int:
    """Heads of attention for a width: one for every 64 numbers, four at least."""
    return max(4, width // 64)


def _form(value: object) -> str:
    if value is None:
        return "<none>"
    return "<settings>" if isinstance(value, dict | NewBase) else "<name>"


BaseName = Annotated[
    Annotated[str, Tag("<name>")]
    | Annotated[NewBase, Tag("<settings>")]
    | Annotated[None, Tag("<none>")],
    Discriminator(_form),
]
"""A base by its name, or one to make."""
