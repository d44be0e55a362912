"""The deep biaffine parser (Dozat and Manning 2017) on any encoder or decoder."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers import PretrainedConfig

from luthier.models.heads.own import OwnNetwork

SLOPE = 0.1
"""Of the rectifiers below zero."""


@dataclass(frozen=True)
class Scores:
    """What the network says of a batch of sentences; head 0 is the root."""

    arcs: Tensor
    """(rows, words, 1 + words) fp32: how well each head fits each word; as low as can be where
    there is no such word, and for a word as its own head."""
    dependents: Tensor
    """(rows, words, labels, 1 + units): each word, multiplied by the weights of each label."""
    heads: Tensor
    """(rows, 1 + words, 1 + units): each word as a head."""

    def labels(self, heads: Tensor) -> Tensor:
        """Scores (rows, words, labels) fp32 of the labels of words with these heads.

        All pairs of words times all labels would take far more memory than is needed.

        Args:
            heads: (rows, words) number of each word's head.
        """
        places = heads.unsqueeze(-1).expand(-1, -1, self.heads.size(-1))
        chosen = self.heads.gather(1, places).float()
        return torch.einsum("rwlu,rwu->rwl", self.dependents.float(), chosen)


class Biaffine(nn.Module):
    """Scores of arcs and labels from vectors of words.

    Args:
        width: Of the vectors.
        arc_units: Width of a word as one end of an arc.
        label_units: The same for its label.
        labels: How many there are.
        dropout: On the vectors and on what the two are made of.
    """

    def __init__(
        self, width: int, *, arc_units: int, label_units: int, labels: int, dropout: float
    ) -> None:
        super().__init__()
        self.root = nn.Embedding(1, width)
        self.dropout = nn.Dropout(dropout)
        self.arc_dependent = _layer(width, arc_units, dropout)
        self.arc_head = _layer(width, arc_units, dropout)
        self.label_dependent = _layer(width, label_units, dropout)
        self.label_head = _layer(width, label_units, dropout)
        # The biases are what the paper's ones at the end of the vectors are multiplied by.
        self.arc = nn.Linear(arc_units, arc_units)
        self.label = nn.Linear(label_units, labels * (label_units + 1))
        self.labels = labels

    def forward(self, vectors: Tensor, exists: Tensor) -> Scores:
        """Scores of words (rows, words, width); ``exists`` (rows, words) is false for padding."""
        rows, words, _ = vectors.shape
        nodes = torch.cat([self.root(exists.new_zeros(rows, 1, dtype=torch.long)), vectors], 1)
        nodes = self.dropout(nodes)
        arcs = self.arc(self.arc_dependent(nodes[:, 1:])) @ self.arc_head(nodes).transpose(1, 2)
        possible = torch.cat([exists.new_ones(rows, 1), exists], 1).unsqueeze(1)
        itself = torch.eye(words, 1 + words, device=vectors.device, dtype=torch.bool).roll(1, 1)
        lowest = torch.finfo(torch.float32).min
        dependents = self.label(self.label_dependent(nodes[:, 1:]))
        heads = self.label_head(nodes)
        return Scores(
            arcs.float().masked_fill(~possible | itself, lowest),
            dependents.unflatten(-1, (self.labels, -1)),
            torch.cat([heads, torch.ones_like(heads[..., :1])], -1),
        )


class BiaffineParser(OwnNetwork):  # type: ignore[no-untyped-call]
    """A base whose words are joined to trees.

    Of the configuration it reads ``num_labels``, ``arc_units``, ``label_units`` and
    ``parser_dropout``.
    """

    def add_layers(self, config: PretrainedConfig) -> None:
        """Put the biaffine layers on.

        Raises:
            ValueError: If the base is an encoder-decoder.
        """
        if config.is_encoder_decoder:
            raise ValueError("words are read from an encoder or a decoder, not from both.")
        self.parser = Biaffine(
            config.hidden_size,
            arc_units=config.arc_units,
            label_units=config.label_units,
            labels=int(config.num_labels or 0),
            dropout=config.parser_dropout,
        )

    def forward(self, input_ids: Tensor, attention_mask: Tensor, words: Tensor) -> Scores:
        """Scores of arcs and labels.

        Args:
            input_ids: (rows, length).
            attention_mask: (rows, length).
            words: (rows, words, 2) first piece of each word and the one after its last; a word's
                vector is the mean over its pieces. Padding has no pieces.
        """
        output = self.base_model(input_ids=input_ids, attention_mask=attention_mask)
        vectors = pooled(output.last_hidden_state, words)
        scores: Scores = self.parser(vectors, words[..., 1] > words[..., 0])
        return scores


def pooled(hidden: Tensor, words: Tensor) -> Tensor:
    """Means (rows, words, width) of the pieces (rows, length, width) of each word.

    Args:
        hidden: Vectors of pieces.
        words: (rows, words, 2) first piece of each word and the one after its last.
    """
    places = torch.arange(hidden.size(1), device=hidden.device)
    start, end = words[..., :1], words[..., 1:]
    member = ((places >= start) & (places < end)).to(hidden.dtype)
    return (member / (end - start).clamp(min=1)) @ hidden


def _layer(width: int, units: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, units), nn.LeakyReLU(SLOPE), nn.Dropout(dropout))
