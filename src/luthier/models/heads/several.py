"""Several heads on one base: every task's own network, around the same base.

Each head is the network that its task alone would have, transformers' class or ours, but its
base is a stand-in that gives what the shared base computed for the rows that have the task's
labels. So one pass through the base serves all heads, and a head with the base put back into it
is the plain network of its task.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import torch
import transformers
from peft import PeftModel
from torch import Tensor, nn
from transformers import PretrainedConfig, PreTrainedModel

from luthier.models.heads.own import OwnNetwork, network_for

if TYPE_CHECKING:
    from luthier.models.model import Head, Model

HEADS = "luthier_heads"
"""Field of the configuration: task name to ``network`` and ``config`` of its head."""

BALANCE = "luthier_balance"
"""Field of the configuration: whether a number for each task is learned; and in what the network
gives, task name to it."""

OWN = "luthier.models.heads."
"""Where networks of ours live; no other place is imported from what a file says."""

SEPARATOR = "."
"""Between a task's name and the name of one of its inputs."""


class SeveralHeads(OwnNetwork):
    """A base with the heads of several tasks."""

    paces: ClassVar[Mapping[str, float]] = {"balance.*": 30.0}

    def add_layers(self, config: PretrainedConfig) -> None:
        """A head for each task in the configuration, and the number that balances its loss."""
        self.heads, self.balance = _Named(), _Named()
        for name, said in getattr(config, HEADS).items():
            self.heads.add_module(marked(name), _without_base(_network(said, config)))
            if getattr(config, BALANCE):
                number = nn.Parameter(torch.zeros(()))
                self.balance.register_parameter(marked(name), number)

    def _init_weights(self, module: nn.Module) -> None:
        super()._init_weights(module)  # type: ignore[no-untyped-call]
        if isinstance(module, _Named):
            for parameter in module.parameters(recurse=False):
                nn.init.zeros_(parameter)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, **inputs: Any) -> dict[str, Any]:
        """The outputs of the heads whose tasks have rows in the batch.

        Args:
            input_ids: (rows, length) of all rows.
            attention_mask: (rows, length).
            **inputs: ``NAME.rows``: (rows of the task,) which of the batch's rows have its labels;
                ``NAME.input_ids`` and whatever else its own network takes, for these rows.
        """
        whole = self.base_model(input_ids=input_ids, attention_mask=attention_mask)
        own: dict[str, dict[str, Tensor]] = {}
        for key, value in inputs.items():
            name, _, field = key.partition(SEPARATOR)
            own.setdefault(name, {})[field] = value
        answers = {name: self._answer(name, whole, fields) for name, fields in own.items()}
        learned = self.config.to_dict()[BALANCE]
        numbers = (
            {name: getattr(self.balance, marked(name)) for name in getattr(self.config, HEADS)}
            if learned
            else {}
        )
        return answers | {BALANCE: numbers}

    def _answer(self, name: str, whole: Any, fields: dict[str, Tensor]) -> Any:
        """The output of one head, on its rows."""
        rows = fields.pop("rows")
        given = _Given(whole, rows, fields["input_ids"].size(1))
        head: Any = getattr(self.heads, marked(name))
        head.__dict__[self.base_model_prefix] = given
        try:
            return head(**fields)
        finally:
            del head.__dict__[self.base_model_prefix]


class _Named(nn.Module):
    """Modules or parameters by name; peft saves such, but not torch's dictionaries."""


def marked(name: str) -> str:
    """A task's name as one that no attribute of a module has."""
    return f"to_{name}"


class _Given:
    """Stands for the base within a head: called, it gives the part of what the base computed."""

    def __init__(self, whole: Any, rows: Tensor, length: int) -> None:
        self._whole, self._rows, self._length = whole, rows, length

    def __call__(self, *_: Any, **__: Any) -> Any:
        part = type(self._whole)(
            last_hidden_state=self._whole.last_hidden_state[self._rows, : self._length]
        )
        pooled = self._whole.get("pooler_output")
        if pooled is not None:
            part["pooler_output"] = pooled[self._rows]
        return part


def several(heads: Mapping[str, Head], *, balance: bool = False) -> dict[str, Any]:
    """The fields of a configuration that describe these heads; JSON.

    Args:
        heads: Task name to its head.
        balance: Whether a number that balances its loss is to be learned for each task.
    """
    return {
        BALANCE: balance,
        HEADS: {
            name: {"network": _named(head.network), "config": head.config}
            for name, head in heads.items()
        },
    }


def alone(model: Model, name: str, head: Head) -> Model:
    """The plain model of one task, its weights those of the whole one.

    Args:
        model: Of several tasks; adapters are merged into its base.
        name: Of the task.
        head: Its own.
    """
    if isinstance(model.network, PeftModel):
        merged: Any = model.network
        model.network = merged.merge_and_unload()
    core: Any = model.core
    network = getattr(core.heads, marked(name))
    setattr(network, core.base_model_prefix, core.base_model)
    return replace(model, network=network, head=head)


def _named(network: str | type[OwnNetwork]) -> str:
    return network if isinstance(network, str) else f"{network.__module__}:{network.__name__}"


def _network(said: Mapping[str, Any], config: PretrainedConfig) -> PreTrainedModel:
    """A network as a head's part of the configuration says, with random weights.

    Raises:
        ValueError: If it names a network that is neither transformers' nor ours.
    """
    own = deepcopy(config)
    delattr(own, HEADS)
    delattr(own, BALANCE)
    for key, value in said["config"].items():
        setattr(own, key, _keys_as_numbers(value) if key == "id2label" else value)
    module, _, kind = said["network"].rpartition(":")
    if not module:
        network: PreTrainedModel = getattr(transformers, kind).from_config(own)
        return network
    if not module.startswith(OWN):
        raise ValueError(f"{module} is not a module of heads")
    found = network_for(getattr(importlib.import_module(module), kind), own)
    return found(own)


def _keys_as_numbers(value: Mapping[Any, str]) -> dict[int, str]:
    """JSON has no numbers as keys."""
    return {int(key): label for key, label in value.items()}


def _without_base(network: PreTrainedModel) -> PreTrainedModel:
    delattr(network, network.base_model_prefix)
    return network
