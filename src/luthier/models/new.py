"""Bases that a recipe makes: standard networks of transformers with a tokenizer of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from transformers import (
    BertConfig,
    LlamaConfig,
    PretrainedConfig,
    PreTrainedTokenizerBase,
    T5Config,
)

from luthier.core.files import write_folder_atomic, write_json
from luthier.core.lazy import lazy
from luthier.models.bases import FOLDER, NEW, Base
from luthier.models.processors import load_tokenizer
from luthier.models.tokenizers import tokenizer_report, train_tokenizer
from luthier.recipe.new import NewBase, NewNetwork, NewTokenizer, Size, head_count

if TYPE_CHECKING:
    from luthier.models import halves
else:
    halves = lazy("luthier.models.halves")

SIZES: dict[Size, tuple[int, int, int]] = {
    "tiny": (128, 4, 3), "mini": (256, 4, 4), "small": (384, 8, 6), "base": (512, 12, 8),
}  # fmt: skip
"""Width, layers, and layers of each half of an encoder-decoder."""

INITIAL = 0.1
"""Scale of an encoder-decoder's first weights. transformers' own, 1, is for Adafactor, whose steps
grow with the weights; AdamW would hardly move embeddings of that size in a short training."""

TOKENIZER_REPORT = "tokenizer_report.json"
"""File beside a new base that says what its tokenizer makes of texts."""


def make_base(
    settings: NewBase,
    texts: pl.Series,
    folder: Path,
    *,
    held_out: pl.Series | None = None,
    find: Callable[[str], Base],
) -> Base:
    """Write a new base, or find it where it was written already.

    Args:
        settings: As the recipe says it.
        texts: Those that its tokenizer learns from.
        folder: Where to: configuration and tokenizer; weights where they are a decoder's.
        held_out: Texts that the tokenizer is measured on; default: the same.
        find: Gives the base whose tokenizer, or weights, are taken.
    """
    weights = settings.new.weights

    def fill(place: Path) -> None:
        if weights is None:
            tokenizer = _tokenizer(settings.new, texts, find)
            tokenizer.save_pretrained(place)
            new_config(settings.new, tokenizer).save_pretrained(place)
        else:
            tokenizer = halves.write_halves(find(weights), place, texts, layers=settings.new.layers)
        measured = texts if held_out is None or held_out.is_empty() else held_out
        write_json(place / TOKENIZER_REPORT, tokenizer_report(tokenizer, measured))

    if not (folder / "manifest.json").is_file():
        write_folder_atomic(folder, fill)
    return Base(str(settings), folder, NEW if weights is None else FOLDER)


def new_config(settings: NewNetwork, tokenizer: PreTrainedTokenizerBase) -> PretrainedConfig:
    """The configuration of a network for a tokenizer."""
    width, layers, halves = SIZES[settings.size]
    width = settings.width or width
    layers = settings.layers or (halves if settings.family == "encoder_decoder" else layers)
    heads = settings.heads or head_count(width)
    shared: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "pad_token_id": tokenizer.pad_token_id,
        "architectures": None,
    }
    if settings.family == "decoder":
        return LlamaConfig(
            **shared, hidden_size=width, num_hidden_layers=layers, num_attention_heads=heads,
            num_key_value_heads=heads, head_dim=width // heads,
            intermediate_size=_rounded(width * 8 / 3), max_position_embeddings=settings.positions,
            tie_word_embeddings=True, bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
        )  # fmt: skip
    if settings.family == "encoder":
        return BertConfig(
            **shared, hidden_size=width, num_hidden_layers=layers, num_attention_heads=heads,
            intermediate_size=4 * width, max_position_embeddings=settings.positions,
        )  # fmt: skip
    more = {"decoder_start_token_id": tokenizer.pad_token_id, "scale_decoder_outputs": False}
    return T5Config(
        **shared, **more, d_model=width, d_kv=width // heads, d_ff=_rounded(width * 5 / 2),
        num_layers=layers, num_decoder_layers=layers, num_heads=heads,
        feed_forward_proj="gated-gelu", initializer_factor=INITIAL,
        eos_token_id=tokenizer.eos_token_id,
    )  # fmt: skip


def _tokenizer(
    settings: NewNetwork, texts: pl.Series, find: Callable[[str], Base]
) -> PreTrainedTokenizerBase:
    if isinstance(settings.tokenizer, NewTokenizer):
        return train_tokenizer(
            settings.tokenizer, settings.family, texts, positions=settings.positions
        )
    tokenizer = load_tokenizer(find(settings.tokenizer))
    tokenizer.model_max_length = settings.positions
    return tokenizer


def _rounded(width: float) -> int:
    """The next multiple of 32."""
    return -int(-width // 32) * 32
