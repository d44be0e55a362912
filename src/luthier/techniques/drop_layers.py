"""Dropping layers: the model becomes smaller and faster, and training heals it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from luthier.core.errors import RecipeError
from luthier.core.lazy import lazy
from luthier.data.finding import Finding
from luthier.recipe.registries import TECHNIQUES
from luthier.techniques.technique import Technique, Work

if TYPE_CHECKING:
    import peft
    import torch
    from torch import Tensor, nn

    from luthier.models import devices, families, layers
    from luthier.models.model import Model
else:
    torch, peft = lazy("torch"), lazy("peft")
    families, layers = lazy("luthier.models.families"), lazy("luthier.models.layers")
    devices = lazy("luthier.models.devices")

Batches = Sequence[dict[str, "Tensor"]]


@TECHNIQUES.register
class DropLayers(Technique):
    """Take layers out for good; what is saved is a plain smaller model (Men et al. 2024)."""

    needs_base: ClassVar[bool] = True
    changes_base: ClassVar[bool] = True
    source: ClassVar[str] = (
        "Men et al. 2024, arXiv:2403.03853; Sajjad et al. 2020, arXiv:2004.03844"
    )

    kind: Literal["drop_layers"] = "drop_layers"
    """This technique."""
    count: Annotated[int, Field(gt=0)] | None = None
    """How many layers to take out, chosen by what they do to training rows: see `by`."""
    layers: list[Annotated[int, Field(ge=0)]] = []
    """The numbers of those to take out instead, from 0; of an encoder-decoder the encoder's are
    first."""
    keep_every: Annotated[int, Field(gt=1)] | None = None
    """Instead: of each stack keep layer 0 and every so-manieth after it, as DistilBERT was made."""
    by: Literal["influence", "loss"] = "influence"
    """`influence`: the layers that turn what they are given least (1 - cosine between what goes in
    and what comes out). `loss`: one after another, that without which the loss is lowest; the base
    must have been tuned for the task before."""
    rows: Annotated[int, Field(gt=0)] = 256
    """Training rows that the choice looks at."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.count is not None) + bool(self.layers) + (self.keep_every is not None) != 1:
            raise ValueError("give one of count, layers and keep_every")
        return self

    def apply(self, model: Model, work: Work) -> None:
        """Choose, take out, and tell of size, speed and loss before and after."""
        if isinstance(model.network, peft.PeftModel):
            raise RecipeError(
                "drop_layers comes too late: adapters are on the base already.",
                hint="Name drop_layers before the adapters in techniques.",
            )
        model.network.to(devices.device()).eval()
        batches = list(work.batches(self.rows))
        before = _Figures(model, work, batches)
        chosen, told = self._choose(model, work, batches)
        model.network = layers.without_layers(model.core, chosen)
        after = _Figures(model, work, batches)
        work.findings.append(_finding(sorted(chosen), told, before, after))
        if not model.new:
            work.findings.append(_of_loss(before, after))
        model.network.train()

    def _choose(self, model: Model, work: Work, batches: Batches) -> tuple[set[int], str]:
        """The numbers of the layers to take out, and each with what was measured of it."""
        if self.count is None:
            return self._named(model), ""
        if self.by == "loss":
            return _by_loss(model, self.count, lambda: _loss(model, work, batches))
        return _by_influence(model, self.count, influence(model, work, batches))

    def _named(self, model: Model) -> set[int]:
        if self.keep_every is None:
            return set(self.layers)
        chosen, start = set(), 0
        for length in families.layer_stacks(model.core).values():
            chosen |= {start + n for n in range(length) if n % self.keep_every}
            start += length
        return chosen


class _Figures:
    """Size, speed and loss of a model on batches."""

    def __init__(self, model: Model, work: Work, batches: Batches) -> None:
        self.layers = sum(families.layer_stacks(model.core).values())
        self.parameters = sum(p.numel() for p in model.core.parameters())
        _loss(model, work, batches[:1])
        started = time.perf_counter()
        self.loss = _loss(model, work, batches)
        self.seconds = time.perf_counter() - started


def _finding(chosen: list[int], told: str, before: _Figures, after: _Figures) -> Finding:
    return Finding(
        "{count} of {layers} layers were taken out: {chosen}. {parameters:,} parameters of "
        "{whole:,} are left ({share:.0%}); training rows are read {speed:.2f} times as fast.",
        "drop_layers", 0.0,
        fields={
            "count": len(chosen), "layers": before.layers,
            "chosen": told or ", ".join(map(str, chosen)), "parameters": after.parameters,
            "whole": before.parameters, "share": after.parameters / before.parameters,
            "speed": before.seconds / max(after.seconds, 1e-9),
        },
    )  # fmt: skip


def _of_loss(before: _Figures, after: _Figures) -> Finding:
    return Finding(
        "The loss on training rows was {before:.4f} with all layers, and {after:.4f} without these "
        "before training.",
        "drop_layers", 0.0, fields={"before": before.loss, "after": after.loss},
    )  # fmt: skip


def _loss(model: Model, work: Work, batches: Batches) -> float:
    """The mean loss on the batches; NaN where there are none."""
    total = weight = 0.0
    with torch.no_grad():
        for batch in batches:
            summed, own = work.loss(work.ask(model.network, batch), batch)
            total, weight = total + summed.item(), weight + own
    return total / weight if weight else float("nan")


def influence(model: Model, work: Work, batches: Batches) -> list[float]:
    """The block influence of each layer: 1 - mean cosine between its input and output.

    The mean is over the tokens of the batches, padding left out (Men et al. 2024).
    """
    modules = layers.layers_of(model.core)
    sums, counts = [0.0] * len(modules), [0.0] * len(modules)
    mask: list[Tensor | None] = [None]

    def watch(number: int) -> Callable[..., None]:
        def hook(_: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
            entered, left = layers.entering(args, kwargs), layers.leaving(output)
            cosine = torch.nn.functional.cosine_similarity(entered.double(), left.double(), dim=-1)
            real = mask[0] if mask[0] is not None and mask[0].shape == cosine.shape else None
            kept = cosine if real is None else cosine[real.bool()]
            sums[number] += kept.sum().item()
            counts[number] += kept.numel()

        return hook

    hooks = [m.register_forward_hook(watch(n), with_kwargs=True) for n, m in enumerate(modules)]
    with torch.no_grad():
        for batch in batches:
            mask[0] = batch.get("attention_mask")
            work.ask(model.network, batch)
    for handle in hooks:
        handle.remove()
    return [1 - total / max(count, 1.0) for total, count in zip(sums, counts, strict=True)]


def _by_influence(model: Model, count: int, values: list[float]) -> tuple[set[int], str]:
    chosen: set[int] = set()
    for _ in range(count):
        chosen.add(min(_candidates(model, chosen), key=lambda number: values[number]))
    return chosen, ", ".join(f"{number} ({values[number]:.3f})" for number in sorted(chosen))


def _by_loss(model: Model, count: int, loss: Callable[[], float]) -> tuple[set[int], str]:
    if model.new:
        raise RecipeError(
            "drop_layers cannot choose by loss: the head is new, so that all losses are chance.",
            hint="Tune in a stage before, or start from run:NAME; or choose by influence.",
        )
    chosen: set[int] = set()
    told: dict[int, float] = {}
    for _ in range(count):
        losses = {}
        for number in _candidates(model, chosen):
            with layers.skipped(model.core, {*chosen, number}):
                losses[number] = loss()
        best = min(losses, key=lambda number: losses[number])
        chosen.add(best)
        told[best] = losses[best]
    return chosen, ", ".join(f"{number} ({value:.3f})" for number, value in told.items())


def _candidates(model: Model, chosen: set[int]) -> Iterator[int]:
    """The layers that may go next: not the last one of a stack."""
    found, start = [], 0
    for length in families.layer_stacks(model.core).values():
        left = [n for n in range(start, start + length) if n not in chosen]
        found += left if len(left) > 1 else []
        start += length
    if not found:
        raise RecipeError(
            "drop_layers cannot take out so many layers: each stack must keep one.",
            hint="Lower count.",
        )
    return iter(found)
