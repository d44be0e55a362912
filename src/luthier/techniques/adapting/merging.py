"""Adding adapters into their base, if the answers stay what they were."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import torch
from peft import (
    PeftModel,
    get_peft_model,
    get_peft_model_state_dict,
    set_peft_model_state_dict,
)
from torch import Tensor, nn

from luthier.core.errors import MergeError
from luthier.models import kernels
from luthier.models.outputs import largest_change, tensors_of
from luthier.models.quantized import quantized, restore

if TYPE_CHECKING:
    from luthier.models.model import Model
    from luthier.techniques.technique import Work

ROWS = 64
"""Training rows on which the answers are compared."""


def merge(model: Model, work: Work, tolerance: float) -> None:
    """Put the plain network with merged weights in the place of the one with adapters.

    Args:
        model: With adapters; where the merge is refused it is left as it was.
        work: Gives the rows to compare on.
        tolerance: How far an output may be from what it was, as a share of its absolute value,
            or of 1 where that is smaller.

    Raises:
        MergeError: If an output changed by more, or is no number.
    """
    kernels.use_standard(model.core)
    network = model.network.eval()
    before = _outputs(network, work)
    with_adapters: Any = deepcopy(network)
    assert isinstance(with_adapters, PeftModel)
    if quantized(model.core.config):
        with_adapters = _in_full_precision(with_adapters)
    merged: Any = with_adapters.merge_and_unload()
    after = _outputs(merged.eval(), work)
    change = largest_change(before, after)
    if not change <= tolerance:
        raise MergeError(
            "Merging changes the model's answers by up to {change:.2g}, more than {tolerance:.2g}.",
            hint="The adapters are kept. Tune with merge: false, or raise merge_tolerance.",
            change=change,
            tolerance=tolerance,
        )
    model.network = merged


def _in_full_precision(network: Any) -> Any:
    """The same adapters on the rounded matrices as plain ones: peft would round the sum again."""
    learned = get_peft_model_state_dict(network)
    config = network.active_peft_config
    restore(network.get_base_model())
    plain = get_peft_model(network.unload(), config)
    set_peft_model_state_dict(plain, learned)
    return plain


def _outputs(network: nn.Module, work: Work) -> list[Tensor]:
    """Every tensor of numbers that the network gives on the first training rows."""
    found: list[Tensor] = []
    with torch.inference_mode():
        for batch in work.batches(ROWS):
            found += tensors_of(work.ask(network, batch))
    return found
