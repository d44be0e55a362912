"""Batch normalisation in frozen parts of a network: its statistics stay as they are, too."""

from __future__ import annotations

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


def keep_frozen_statistics(network: nn.Module) -> None:
    """Normalise by the running statistics, and leave them, where no parameter beside them trains.

    In training mode a batch normalisation counts each batch into its running mean and variance,
    with or without gradients; a frozen layer would drift all the same. One that trains its own
    scale and shift goes on counting. One that has none follows the module that holds it.

    Args:
        network: In training mode.
    """
    for module in network.modules():
        for child in module.children():
            if isinstance(child, _BatchNorm):
                beside = list(child.parameters()) or list(module.parameters())
                if not any(parameter.requires_grad for parameter in beside):
                    child.eval()
