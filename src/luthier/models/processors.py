"""What turns rows into a base's input: tokenizers and image processors."""

from __future__ import annotations

import logging
from typing import Literal, TypeAlias

import transformers
from transformers import (
    PretrainedConfig,
    PreTrainedTokenizerBase,
)

from luthier.core.errors import ModelError
from luthier.models.bases import Base
from luthier.models.families import Family, family_of
from luthier.models.images import ImageProcessor

OFFSET = {"roberta", "xlm-roberta", "camembert", "xlm-roberta-xl", "roberta-prelayernorm"}
"""Model types whose first position has the number after ``pad_token_id``."""


NO_LIMIT = 10**9


Processor: TypeAlias = PreTrainedTokenizerBase | ImageProcessor
"""What turns rows into the network's input: a tokenizer, or what scales images."""


def load_processor(base: Base, reads: Literal["text", "image"]) -> Processor:
    """What turns rows of a kind into the base's input.

    Raises:
        ModelError: If the base has none.
    """
    if reads == "text":
        return load_tokenizer(base)
    try:
        with Quiet():
            return ImageProcessor.from_pretrained(base.path)
    except (OSError, ValueError, KeyError) as error:
        raise unusable(base, error) from None


def load_tokenizer(base: Base) -> PreTrainedTokenizerBase:
    """The tokenizer of a base.

    Raises:
        ModelError: If the base has none.
    """
    try:
        tokenizer: PreTrainedTokenizerBase = transformers.AutoTokenizer.from_pretrained(base.path)
        config = transformers.AutoConfig.from_pretrained(base.path)
    except (OSError, ValueError, KeyError) as error:
        raise unusable(base, error) from None
    tokenizer.model_max_length = min(tokenizer.model_max_length, _positions(config))
    tokenizer.padding_side = "right"
    if getattr(config, "type_vocab_size", 1) < 2:
        # Such a base has no embedding for the second of two texts, whatever its tokenizer offers.
        names = tokenizer.model_input_names
        tokenizer.model_input_names = [name for name in names if name != "token_type_ids"]
    if tokenizer.pad_token_id is None:
        # Decoders often have no padding token; their end token serves, masked out.
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
    return tokenizer


def _positions(config: PretrainedConfig) -> int:
    """The longest sequence that a base has positions for; without such a limit a large number."""
    positions = int(getattr(config, "max_position_embeddings", None) or NO_LIMIT)
    # RoBERTa and its kin count positions from one after the padding token's number.
    return positions - config.pad_token_id - 1 if config.model_type in OFFSET else positions


def config_behind(tokenizer: PreTrainedTokenizerBase) -> tuple[PretrainedConfig, Family]:
    """The configuration, and the family, of the base that a tokenizer was loaded with."""
    config: PretrainedConfig = transformers.AutoConfig.from_pretrained(tokenizer.name_or_path)
    return config, family_of(config)


def decoder_start(config: PretrainedConfig, padding: int) -> int:
    """What a decoder behind an encoder begins with; padding where the base says nothing."""
    starts = [getattr(config, "decoder_start_token_id", None)]
    if config.model_type == "t5gemma":
        starts.append(config.decoder.bos_token_id)
    return next((int(start) for start in starts if start is not None), padding)


def unusable(base: Base, error: Exception) -> ModelError:
    """The error of a base that is no model of the kind that is asked for."""
    return ModelError(
        "The base '{name}' cannot carry this task: {reason}",
        where=str(base.path),
        hint="It needs config.json, a tokenizer (or image processor), and weights as safetensors.",
        name=base.name,
        reason=(str(error).splitlines() or [type(error).__name__])[0],
    )


class Quiet:
    """Silences transformers' loading report: a new head is expected to be missing."""

    def __enter__(self) -> None:
        self._logger = logging.getLogger("transformers")
        self._level = self._logger.level
        self._logger.setLevel(logging.ERROR)
        transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]

    def __exit__(self, *_: object) -> None:
        self._logger.setLevel(self._level)
