"""Whether a base's own head is of use to a task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from transformers import PretrainedConfig


def same_classes(config: PretrainedConfig, wanted: Mapping[str, Any]) -> bool:
    """Whether a base's head tells the classes that are wanted, in their order.

    Args:
        config: As the base was saved.
        wanted: The fields that the task sets; without ``id2label`` any head may serve.
    """
    if "id2label" not in wanted:
        return True
    own = [str(label).casefold() for _, label in sorted((config.id2label or {}).items())]
    return own == [str(label).casefold() for label in wanted["id2label"].values()]
