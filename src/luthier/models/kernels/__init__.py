"""Faster CPU kernels for training, equal in distribution to those they replace."""

from __future__ import annotations

from luthier.models.kernels.attention import use_fast_attention, use_standard_attention
from luthier.models.kernels.dropout import use_fast_dropout

__all__ = ["use_fast_attention", "use_fast_dropout", "use_standard_attention"]
