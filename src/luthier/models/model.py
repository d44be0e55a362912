"""A network with its processor: what techniques work on and training fits."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import transformers
from peft import PeftModel
from torch import nn
from transformers import (
    PretrainedConfig,
    PreTrainedModel,
)

from luthier.core.errors import RecipeError
from luthier.models.families import HEAD, DepthGroup, Family, depth_groups, family_of
from luthier.models.heads.own import OwnNetwork, network_for
from luthier.models.processors import Processor
from luthier.models.quantized import numbers

REGEX = "re:"
"""Begins a pattern that is a regular expression."""


@dataclass(frozen=True)
class Head:
    """The task layers to put on a base."""

    network: str | type[OwnNetwork]
    """transformers' auto class, e.g. ``AutoModelForSequenceClassification``, or one of ours."""
    config: dict[str, Any]
    """Fields of the configuration: labels, problem type."""
    peft_task: str | None
    """peft's task type, e.g. ``SEQ_CLS``; None for networks of ours."""
    generation: Mapping[str, Any] | None = None
    """Settings of generation that are saved with a network that writes."""

    def network_class(self, config: PretrainedConfig) -> Any:
        """What has ``from_pretrained`` for a base of this configuration.

        Raises:
            ValueError: If there is no such network of this architecture.
        """
        if isinstance(self.network, str):
            return getattr(transformers, self.network)
        return network_for(self.network, config)


@dataclass
class Model:
    """A network with its processor and head."""

    network: nn.Module
    """A transformers network, or the peft model around it."""
    processor: Processor
    head: Head
    new: frozenset[str] = frozenset()
    """Parameters that the base's files lack, so that they are random: a head, before training."""

    @property
    def core(self) -> PreTrainedModel:
        """The transformers network itself; adapters stand inside it."""
        return core_of(self.network)

    @property
    def family(self) -> Family:
        """The family of the base."""
        return family_of(self.core.config)

    def depth_groups(self) -> list[DepthGroup]:
        """The parameters by depth, from input to head."""
        return depth_groups(self.core)

    def select(self, pattern: str) -> frozenset[str]:
        """Names of the parameters a pattern means.

        ``@embeddings``, ``@layer.3`` and ``@head`` are depth groups; ``re:`` begins a regular
        expression of whole names; anything else is a shell pattern over them, e.g.
        ``*.attention.*``.

        Raises:
            RecipeError: If it means none.
        """
        if pattern.startswith("@"):
            groups = {group.name: group.parameters for group in self.depth_groups()}
            names: Iterable[str] = groups.get(pattern[1:], ())
            known = ", ".join(f"@{name}" for name in groups)
        else:
            every = [name for name, _ in self.core.named_parameters()]
            names = _matching(pattern, every)
            known = ", ".join(every[:3]) + ", ..., " + ", ".join(every[-2:])
        found = frozenset(names)
        # A network without layers of its own on the base has a head of no parameters.
        if not found and pattern != f"@{HEAD}":
            raise RecipeError(
                "The pattern '{pattern}' matches no parameter of the model.",
                hint="There are: {known}.",
                pattern=pattern,
                known=known,
            )
        return found

    def initialise(self, names: Iterable[str]) -> None:
        """Give the parameters with these names the random values that a new model would have."""
        owners = dict.fromkeys(name.rpartition(".")[0] for name in names)
        for module in map(self.core.get_submodule, owners):
            for parameter in module.parameters(recurse=False):
                # transformers leaves alone what it marked as loaded.
                parameter._is_hf_initialized = False  # type: ignore[attr-defined]
            self.core._init_weights(module)  # type: ignore[no-untyped-call]

    def parameter_counts(self, trained: Collection[str]) -> dict[str, int]:
        """How many numbers the model has, and how many of them the named parameters have."""
        sizes = {name: numbers(parameter) for name, parameter in self.core.named_parameters()}
        return {
            "trainable": sum(size for name, size in sizes.items() if name in trained),
            "total": sum(sizes.values()),
        }


def _matching(pattern: str, names: list[str]) -> list[str]:
    """The names that a shell pattern, or behind ``re:`` a regular expression, matches."""
    if not pattern.startswith(REGEX):
        return fnmatch.filter(names, pattern)
    try:
        expression = re.compile(pattern.removeprefix(REGEX))
    except re.error as error:
        raise RecipeError(
            "'{pattern}' is not a regular expression: {reason}.", pattern=pattern, reason=str(error)
        ) from None
    return [name for name in names if expression.fullmatch(name)]


def core_of(network: nn.Module) -> PreTrainedModel:
    """The transformers network itself; adapters stand inside it."""
    inner = network.get_base_model() if isinstance(network, PeftModel) else network
    assert isinstance(inner, PreTrainedModel)
    return inner
