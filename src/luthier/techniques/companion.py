"""The contract of what goes along with training: changes losses and gradients, keeps weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from torch import Tensor, nn

    from luthier.models.opinions import Opinion


@dataclass(frozen=True)
class Pass:
    """A forward pass over one micro-batch."""

    batch: Mapping[str, Tensor]
    """What the network was given, on its device, and the labels."""
    output: Any
    """What the network gave."""
    again: Callable[[], Any]
    """Runs the network on the batch once more, in the same precision, with new dropout masks."""
    ask: Callable[[nn.Module], Any]
    """What another network gives on the batch, in the same precision."""
    loss: Callable[[Any], Tensor]
    """The task's summed loss of an output on this batch."""
    opinions: Callable[[Any], Sequence[Opinion]]
    """What an output says of all in the batch that has a label; see :meth:`Task.opinions`."""
    weight: float
    """What the loss is a sum over: an addition that is a mean per row is to be scaled by it."""


class Companion:
    """Goes along with training. What it does is a function of weights, batches and its tensors.

    Every micro-batch asks :meth:`loss` and then :meth:`after_backward`; every optimizer step
    :meth:`before_update` and :meth:`after_update`.
    """

    looks_inside: ClassVar[bool] = False
    """Whether it changes or reads what the base computes below its head, so that the network must
    compute all of it in every step."""

    @property
    def joins_each_pass(self) -> bool:
        """Whether it has to do with every micro-batch, and not with whole steps alone."""
        kind = type(self)
        own = (kind.loss, kind.after_backward)
        return own != (Companion.loss, Companion.after_backward)

    def loss(self, run: Pass, total: Tensor) -> Tensor:
        """The summed loss to take gradients of, given what it was so far."""
        return total

    def after_backward(self, run: Pass) -> None:
        """Add gradients of the micro-batch to those that its loss just gave."""

    def before_update(self, weight: float) -> None:
        """Add to the gradients of the step.

        Args:
            weight: What they will be divided by.
        """

    def after_update(self, progress: float) -> None:
        """Look at the weights after an optimizer step, at ``progress`` (0 to 1) of training."""

    def measuring(self) -> AbstractContextManager[None]:
        """While it is open the network has the weights that are to be measured and kept."""
        return nullcontext()

    def tensors(self) -> Mapping[str, Tensor]:
        """What a checkpoint must hold of it; to be filled in place when one is read back."""
        return {}
