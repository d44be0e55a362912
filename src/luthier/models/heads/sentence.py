"""Vectors of whole texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import normalize
from transformers import PretrainedConfig

from luthier.models.heads.own import OwnNetwork


@dataclass(frozen=True)
class Embedded:
    """What the network says of a batch."""

    vectors: Tensor
    """(rows, texts, width) fp32: a vector of length 1 for each text."""


class SentenceEncoder(OwnNetwork):  # type: ignore[no-untyped-call]
    """A base that gives each text the mean of its tokens' vectors (Reimers and Gurevych 2019)."""

    def add_layers(self, config: PretrainedConfig) -> None:
        """None: the vectors are the base's own."""

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Embedded:
        """The vectors of several texts a row; in inference mode only of the first.

        The others are there to be compared with, which only a loss does.

        Args:
            input_ids: (rows, texts, length).
            attention_mask: The same, 1 where there is a token; every text has one.
        """
        if torch.is_inference_mode_enabled():
            input_ids, attention_mask = input_ids[:, :1], attention_mask[:, :1]
        rows, texts, length = input_ids.shape
        mask = attention_mask.reshape(rows * texts, length)
        base: Any = self.base_model
        if self.config.is_encoder_decoder:
            base = base.get_encoder()
        tokens = base(input_ids=input_ids.reshape(mask.shape), attention_mask=mask)
        vectors = mean_of_tokens(tokens.last_hidden_state, mask)
        return Embedded(normalize(vectors, dim=-1).view(rows, texts, -1))


def mean_of_tokens(tokens: Tensor, mask: Tensor) -> Tensor:
    """Mean over the tokens there are: (rows, length, width) and (rows, length) to (rows, width)."""
    weights = mask.unsqueeze(-1).float()
    return (tokens.float() * weights).sum(1) / weights.sum(1)
