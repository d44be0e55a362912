"""Trained keys and values before a text's own, with any version of transformers.

peft gives a network such a prefix if its ``forward`` names an argument ``past_key_values``;
transformers 5.24 names it ``cache`` and still takes the older name.
"""

from __future__ import annotations

from types import MethodType
from typing import Any

from transformers import PreTrainedModel


def take_prefixes(network: PreTrainedModel) -> None:
    """Let the network's ``forward`` name the argument that peft looks for."""
    own: Any = type(network).forward

    def forward(self: Any, *inputs: Any, past_key_values: Any = None, **named: Any) -> Any:
        return own(self, *inputs, past_key_values=past_key_values, **named)

    network.forward = MethodType(forward, network)
