"""Averages of weights over training: lent while measuring, and what is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from luthier.core.lazy import lazy
from luthier.techniques.companion import Companion
from luthier.techniques.pull import moving

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from luthier.models.model import Model
else:
    torch = lazy("torch")


class Averaged(Companion):
    """Keeps an average of every parameter that moves at some time.

    Each step :meth:`share` says how much of the new weights goes in.
    """

    def __init__(self, model: Model) -> None:
        self._parameters = moving(model)
        self._means = {name: p.detach().clone() for name, p in self._parameters.items()}
        self._steps = torch.zeros((), dtype=torch.int64)
        self._taken = torch.zeros((), dtype=torch.int64)

    def share(self, progress: float, step: int, taken: int) -> float:
        """Weight of the new weights in the average; 0 leaves it.

        Args:
            progress: 0 to 1 of training.
            step: Optimizer steps taken, from 1.
            taken: How many weights are in the average so far.
        """
        raise NotImplementedError

    def after_update(self, progress: float) -> None:
        """Bring the average up to date."""
        self._steps += 1
        share = self.share(progress, int(self._steps), int(self._taken))
        if share:
            self._taken += 1
            with torch.no_grad():
                for name, mean in self._means.items():
                    mean.lerp_(self._parameters[name], share)

    def measuring(self) -> AbstractContextManager[None]:
        """The network has the average, if there is one yet."""
        return self._lent()

    @contextmanager
    def _lent(self) -> Iterator[None]:
        if not self._taken:
            yield
            return
        kept = {name: p.detach().clone() for name, p in self._parameters.items()}
        self._fill(self._means)
        try:
            yield
        finally:
            self._fill(kept)

    def _fill(self, values: Mapping[str, Tensor]) -> None:
        with torch.no_grad():
            for name, parameter in self._parameters.items():
                parameter.copy_(values[name])

    def tensors(self) -> Mapping[str, Tensor]:
        """The averages, and the counters."""
        return {**self._means, "#steps": self._steps, "#taken": self._taken}
