"""Several optimizers as one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import torch


class Joined(torch.optim.Optimizer):
    """Takes the steps of several optimizers, which share its groups and its state.

    Args:
        parts: Each with groups of its own.
    """

    def __init__(self, parts: Sequence[torch.optim.Optimizer]) -> None:
        super().__init__([group for part in parts for group in part.param_groups], {})
        self._parts = parts
        # Groups and state are the parts' own objects, so that each sees what is done to them here.
        self.param_groups = [group for part in parts for group in part.param_groups]
        self.state = defaultdict(dict)
        for part in parts:
            part.state = self.state

    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Take the step of every part."""
        assert closure is None
        for part in self._parts:
            part.step()
