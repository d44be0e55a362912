"""Embeddings of which only the rows that training reads are parameters.

The token embedding is half of a small encoder and most of a multilingual one, and a task's
texts use a small part of it. The other rows get no gradient, so AdamW would leave them where
they are, but for its decay; yet a dense embedding costs their gradient, both moments and a
pass over all of these at every step. Leaving them out made a step of a 23-million-parameter
encoder a tenth shorter and its checkpoints half as large. What they decay by is dropped on
purpose: words that training never shows keep what pre-training gave them.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel


class KnownRows(nn.Module):
    """An embedding that trains some ``rows`` and, in evaluation, looks up any."""

    def __init__(self, whole: nn.Embedding, rows: Tensor) -> None:
        super().__init__()
        # In a tuple, so that the whole table is no parameter of this module.
        self._whole = (whole,)
        self.rows = rows.to(whole.weight.device)
        self._place = torch.full((whole.num_embeddings,), -1, device=whole.weight.device)
        self._place[self.rows] = torch.arange(len(rows), device=whole.weight.device)
        padding = whole.padding_idx
        self._padding = None if padding is None else int(self._place[padding])
        trains = whole.weight.requires_grad
        self.weight = nn.Parameter(whole.weight.detach()[self.rows], requires_grad=trains)

    def forward(self, ids: Tensor) -> Tensor:
        """Embeddings (..., width) of token ids (...); in training, of known ids only."""
        if self.training:
            return nn.functional.embedding(self._place[ids], self.weight, self._padding)
        looked_up: Tensor = self._whole[0](ids)
        return looked_up

    def train(self, mode: bool = True) -> KnownRows:
        """Switch the mode; evaluation then sees the rows as training left them."""
        if not mode:
            self.whole()
        return super().train(mode)

    def whole(self) -> nn.Embedding:
        """The embedding with all its rows, the trained ones brought up to date."""
        (embedding,) = self._whole
        embedding.weight.requires_grad_(self.weight.requires_grad)
        with torch.no_grad():
            embedding.weight[self.rows] = self.weight
        return embedding


def train_known_rows(network: PreTrainedModel, ids: Iterable[Iterable[int]]) -> None:
    """Let only the rows of the input embedding train that ``ids`` (and padding) name.

    Nothing changes where the table is also an output layer or serves two embeddings.
    To be called before the optimizer is built, and undone by :func:`train_all_rows`.
    """
    embedding = network.get_input_embeddings()
    if type(embedding) is not nn.Embedding or embedding.max_norm is not None:
        return
    uses = [p for _, p in network.named_parameters(remove_duplicate=False)]
    if sum(p is embedding.weight for p in uses) > 1:
        return
    known = {token for row in ids for token in row} | {network.config.pad_token_id}
    if embedding.padding_idx is not None:
        known.add(embedding.padding_idx)
    rows = np.array(sorted(known - {None}), dtype=np.int64)
    network.set_input_embeddings(KnownRows(embedding, torch.from_numpy(rows)))


def train_all_rows(network: PreTrainedModel) -> None:
    """Put the whole embedding back, with what its rows learned."""
    embedding = network.get_input_embeddings()
    if isinstance(embedding, KnownRows):
        network.set_input_embeddings(embedding.whole())


def embeddings(network: PreTrainedModel) -> list[nn.Module]:
    """The modules that look up input tokens, also where several share one table."""
    table = network.get_input_embeddings().weight
    return [
        module
        for module in network.modules()
        if isinstance(module, nn.Embedding | KnownRows) and module.weight is table
    ]
