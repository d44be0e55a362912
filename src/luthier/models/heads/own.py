"""Networks with task layers of our own, loaded and saved as transformers' classes are.

The base stands inside under the same name as in transformers' own classes, so that the base's
files load into it, depth groups find its layers, and ``AutoModel`` reads the tuned base from
what was saved.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from transformers import AutoModel, PretrainedConfig, PreTrainedModel

ABILITIES = [name for name in vars(PreTrainedModel) if name.startswith("_supports_")]
"""What an architecture says it can do, e.g. which kinds of attention."""


class OwnNetwork(PreTrainedModel):
    """A base with task layers of ours, for any architecture that ``AutoModel`` knows."""

    paces: ClassVar[Mapping[str, float]] = {}
    """Shell pattern over parameter names to a factor on their learning rate, for numbers that must
    move much faster than weights do."""

    def __init__(self, config: PretrainedConfig) -> None:
        super().__init__(config)
        base = AutoModel.from_config(config)  # type: ignore[no-untyped-call]
        setattr(self, self.base_model_prefix, base)
        self.add_layers(config)
        self.post_init()  # type: ignore[no-untyped-call]

    def add_layers(self, config: PretrainedConfig) -> None:
        """Put the task layers on; what they must know stands in the configuration."""
        raise NotImplementedError


def network_for(own: type[OwnNetwork], config: PretrainedConfig) -> type[OwnNetwork]:
    """The network class with the traits of the architecture that ``config`` describes.

    Raises:
        ValueError: If transformers has no base of this architecture.
    """
    base: Any = AutoModel._model_mapping[type(config)]
    traits = {name: getattr(base, name) for name in (*ABILITIES, "base_model_prefix")}
    return type(own.__name__, (own,), {**traits, "config_class": type(config)})
