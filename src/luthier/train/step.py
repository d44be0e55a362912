"""The mathematics of one optimizer step, apart from the loop.

Every micro-batch gives its loss as a sum and a weight. Gradients of the sums are
added up and divided once by the weight of the whole step, over micro-batches and
ranks; so the update is that of one large batch, however it was cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from luthier.models.devices import Precision, World, autocast, seed_everything
from luthier.tasks.task import Batch, Task, inputs_of
from luthier.techniques.companion import Companion, Pass
from luthier.train.apart import Apart


@dataclass(frozen=True)
class StepResult:
    """What a step measured."""

    loss: float
    """Loss sum over loss weight."""
    grad_norm: float
    """Global L2 norm of the step's gradient, before clipping."""
    cosines: dict[str, float] | None = None
    """Two tasks to the cosine between their gradients, where they were taken apart."""


def accumulate(
    network: nn.Module,
    task: Task,
    batches: Iterable[Batch],
    *,
    place: torch.device,
    precision: Precision,
    seeds: Sequence[int],
    apart: Apart | None = None,
    companions: Sequence[Companion] = (),
) -> tuple[float, float]:
    """Add the gradients of the batches' loss sums; returns (loss sum, loss weight).

    The sum is by the task's yardstick, as validation's is.

    Args:
        network: What is called.
        task: Whose loss.
        batches: Micro-batches of one step.
        place: Where they are computed.
        precision: In which.
        seeds: Of dropout, with the number of the micro-batch.
        apart: Takes the gradients of the loss's parts, each on its own.
        companions: What goes along with training; where parts are taken apart none joins the
            passes.
    """
    loss_sum = weight_sum = 0.0
    for index, batch in enumerate(batches):
        seed_everything(*seeds, index)
        moved = {name: tensor.to(place, non_blocking=True) for name, tensor in batch.items()}
        ask = _asked(moved, precision, place)
        output = ask(network)
        if apart is None:
            total, weight = task.loss(output, moved)
            _backward(total, _pass(task, moved, output, weight, network, ask), companions)
        else:
            parts, weight = task.losses(output, moved)
            apart.add(parts)
            total = torch.stack(list(parts.values())).sum()
        loss_sum += _told(task, output, moved, total)
        weight_sum += weight
    return loss_sum, weight_sum


def _told(task: Task, output: Any, batch: Batch, total: Tensor) -> float:
    """The loss as it is told: by the task's yardstick, where that is another measure."""
    if not task.moving:
        return total.item()
    with torch.no_grad():
        return task.yardstick(output, batch)[0].item()


def _asked(batch: Batch, precision: Precision, place: torch.device) -> Callable[[nn.Module], Any]:
    def ask(network: nn.Module) -> Any:
        with autocast(precision, place):
            return network(**inputs_of(batch))

    return ask


def _pass(
    task: Task,
    batch: Batch,
    output: Any,
    weight: float,
    network: nn.Module,
    ask: Callable[[nn.Module], Any],
) -> Pass:
    return Pass(
        batch=batch,
        output=output,
        again=lambda: ask(network),
        ask=ask,
        loss=lambda given: task.loss(given, batch)[0],
        opinions=lambda given: task.opinions(given, batch),
        weight=weight,
    )


def _backward(total: Tensor, run: Pass, companions: Sequence[Companion]) -> None:
    """The backward pass of a micro-batch, with what its companions add."""
    asked = total
    for companion in companions:
        asked = companion.loss(run, asked)
    asked.backward()  # type: ignore[no-untyped-call]
    for companion in companions:
        companion.after_backward(run)


def update(
    optimizer: torch.optim.Optimizer,
    loss_sum: float,
    weight_sum: float,
    *,
    max_norm: float | None,
    world: World,
) -> StepResult:
    """Normalise and clip the accumulated gradients and take the step.

    Raises:
        FloatingPointError: If the gradient is not finite; the weights are untouched.
    """
    weight = world.sum(weight_sum)
    gradients = [
        parameter.grad
        for group in optimizer.param_groups
        for parameter in group["params"]
        if parameter.grad is not None
    ]
    norms = torch._foreach_norm(gradients)
    norm = torch.linalg.vector_norm(torch.stack(norms)).item() / weight
    if not norm < float("inf"):
        optimizer.zero_grad()
        raise FloatingPointError(f"gradient norm is {norm}")
    clip = 1.0 if max_norm is None else min(1.0, max_norm / (norm + 1e-6))
    if getattr(optimizer, "_step_supports_amp_scaling", False):
        # The fused kernel divides as it reads, which saves a pass over all gradients.
        scale = torch.tensor(weight / clip, device=gradients[0].device)
        optimizer.grad_scale = scale  # type: ignore[attr-defined]
    else:
        torch._foreach_mul_(gradients, clip / weight)
    optimizer.step()
    optimizer.zero_grad()
    return StepResult(world.sum(loss_sum) / weight, norm)
