"""What people are told of the models of a task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class About:
    """What a model card says of models of a task."""

    noun: Mapping[str, str]
    """What it is, by language, e.g. ``{"en": "text classifier", "zh": ...}``."""
    pipeline: str
    """The hub's name of the task, e.g. ``text-classification``."""
    usage: str
    """Python lines that use the saved model in the folder ``model``, with transformers alone where
    it has a class for it."""
    adapted: str
    """The same where adapters were saved, with peft."""
    cuts: str = ""
    """Setting that says after how many tokens a row is cut; empty: all of it is read."""
