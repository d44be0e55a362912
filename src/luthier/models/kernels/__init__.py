"""Faster CPU kernels for training, equal in distribution to those they replace."""

from __future__ import annotations

from transformers import PreTrainedModel

from luthier.models.kernels.attention import use_fast_attention, use_standard_attention
from luthier.models.kernels.documents import use_document_attention
from luthier.models.kernels.dropout import use_fast_dropout
from luthier.models.kernels.first_token import shared_with, use_all_tokens, use_first_token

__all__ = ["shared_with", "use_fast", "use_standard"]


def use_fast(network: PreTrainedModel) -> None:
    """Compute with these kernels, for training; saved models know nothing of them."""
    use_fast_dropout(network)
    use_fast_attention(network)
    use_document_attention(network)
    use_first_token(network)


def use_standard(network: PreTrainedModel) -> None:
    """Compute as every other tool does, for evaluation."""
    use_standard_attention(network)
    use_all_tokens(network)
