"""Pulls, averages, noise and adversaries: each as published, and exact however a step is cut."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.helpers import classifier, model_for, recipe, work_of
from tests.techniques.test_distil import assert_close, cut_in, step
from tests.techniques.test_drop_layers import examples_of

import luthier
from luthier.models.model import Model
from luthier.models.vocabulary import KnownRows, train_known_rows
from luthier.tasks.task import Example
from luthier.techniques.ema import Ema
from luthier.techniques.ewc import Ewc, fisher
from luthier.techniques.fgm import Fgm
from luthier.techniques.l2_sp import L2Sp
from luthier.techniques.lora import Lora
from luthier.techniques.neftune import Neftune
from luthier.techniques.r_drop import RDrop
from luthier.techniques.swa import Swa
from luthier.techniques.technique import Technique, Work


class Bench:
    """A model about to be trained on a few rows, with a companion."""

    def __init__(self, base: Path, technique: Technique, dropout: float = 0.0) -> None:
        self.task = classifier(base)
        self.model = model_for(self.task, base, dropout=dropout)
        self.examples: list[Example] = examples_of(self.task)
        train_known_rows(self.model.core, (e["input_ids"] for e in self.examples))
        self.work = work_of(self.task, self.examples, base)
        self.companion: Any = technique.companion(self.model, self.work)

    def gradients(self, size: int = 24, *, alone: bool = False) -> dict[str, torch.Tensor]:
        companions = [] if alone else [self.companion]
        return step(self.task, self.model, companions, cut_in(self.task, self.examples, size))[1]


@pytest.mark.parametrize("technique", [RDrop(), Fgm(), Fgm(epsilon=3, weight=0.5)])
def test_gradient_does_not_depend_on_micro_batches(bert: Path, technique: Technique) -> None:
    bench = Bench(bert, technique)
    assert_close(bench.gradients(5), bench.gradients(24))


def nudge(model: Model, by: float = 0.1) -> None:
    with torch.no_grad():
        for parameter in model.core.parameters():
            parameter += by


def test_l2_sp_pulls_to_the_start_and_new_weights_to_zero(bert: Path) -> None:
    bench = Bench(bert, L2Sp(strength=0.5, head=0.25))
    start = {n: p.detach().clone() for n, p in bench.model.core.named_parameters()}
    nudge(bench.model)
    plain = bench.gradients(alone=True)
    bench.companion.before_update(24.0)
    for name, parameter in bench.model.core.named_parameters():
        if parameter.grad is not None:
            rest, strength = (0, 0.25) if "classifier" in name else (start[name], 0.5)
            pull = 24 * strength * (parameter.detach() - rest)
            torch.testing.assert_close(parameter.grad, plain[name] + pull)


def test_fisher_is_the_mean_square_of_each_rows_gradient(bert: Path) -> None:
    bench = Bench(bert, L2Sp())
    found = dict(fisher(bench.model, bench.work, 10))
    expected = {name: torch.zeros_like(value) for name, value in found.items()}
    for example in bench.examples[:10]:
        for name, gradient in step(bench.task, bench.model, [], [bench.task.collate([example])])[
            1
        ].items():
            expected[name] += gradient.square() / 10
    assert_close(found, expected)


def test_ewc_holds_what_mattered_to_earlier_work(bert: Path) -> None:
    bench = Bench(bert, L2Sp())
    whole = model_for(bench.task, bert)
    counted: list[tuple[Model, Work]] = [(whole, bench.work), (whole, bench.work)]

    def earlier() -> Iterator[tuple[Model, Work]]:
        return iter(counted)

    companion: Any = Ewc(strength=1.0, rows=8).companion(
        bench.model, replace(bench.work, earlier=earlier)
    )
    own = dict(fisher(bench.model, bench.work, 8))
    start = {n: p.detach().clone() for n, p in bench.model.core.named_parameters()}
    nudge(bench.model)
    bench.gradients()
    before = {
        n: p.grad.clone() for n, p in bench.model.core.named_parameters() if p.grad is not None
    }
    companion.before_update(1.0)
    pulled = {
        n: (p.grad - before[n]) / (p.detach() - start[n])
        for n, p in bench.model.core.named_parameters()
        if p.grad is not None
    }
    assert not pulled["classifier.weight"].any()
    base = {n: v for n, v in own.items() if "classifier" not in n}
    mean = sum(v.sum() for v in base.values()) / sum(v.numel() for v in base.values())
    assert isinstance(bench.model.core.get_input_embeddings(), KnownRows)
    for name, value in base.items():
        if name in pulled:
            torch.testing.assert_close(pulled[name], value / mean, rtol=1e-2, atol=2e-3)


def test_r_drop_adds_the_disagreement_of_two_masks(bert: Path) -> None:
    same = Bench(bert, RDrop(alpha=5.0))
    assert_close(same.gradients(), same.gradients(alone=True))
    other = Bench(bert, RDrop(alpha=5.0), dropout=0.2)
    apart = [not torch.equal(a, b) for a, b in zip(
        other.gradients().values(), other.gradients(alone=True).values(), strict=True
    )]  # fmt: skip
    assert all(apart)
    assert_close(other.gradients(), other.gradients())


def test_fgm_moves_each_row_by_epsilon_for_the_worse(bert: Path) -> None:
    bench = Bench(bert, Fgm(epsilon=0.5))
    seen: list[torch.Tensor] = []
    embedding = bench.model.core.get_input_embeddings()
    embedding.register_forward_hook(lambda _m, _a, output: seen.append(output.detach()))
    losses: list[float] = []
    plain_loss = bench.task.loss

    def loss(output: Any, batch: Any) -> Any:
        found = plain_loss(output, batch)
        losses.append(found[0].item())
        return found

    bench.task.loss = loss  # type: ignore[method-assign]
    bench.gradients()
    lengths = (seen[1] - seen[0]).flatten(1).norm(dim=1)
    torch.testing.assert_close(lengths, torch.full_like(lengths, 0.5))
    assert losses[1] > losses[0]


def test_fgm_needs_no_gradient_of_the_embedding(bert: Path) -> None:
    bench = Bench(bert, Fgm())
    embedding = bench.model.core.get_input_embeddings()
    free = bench.gradients()
    embedding.weight.requires_grad_(False)
    frozen = bench.gradients()
    assert_close(frozen, {n: g for n, g in free.items() if n in frozen})


def test_noise_is_bounded_by_the_rows_own_length(bert: Path) -> None:
    bench = Bench(bert, Neftune(alpha=2.0))
    seen: list[torch.Tensor] = []
    embedding: Any = bench.model.core.get_input_embeddings()
    embedding.register_forward_hook(lambda _m, _a, output: seen.append(output.detach()))
    batch = bench.task.collate(bench.examples)
    clean = embedding._whole[0](batch["input_ids"])
    bench.gradients()
    first = seen[0] - clean
    most = first.abs().flatten(1).amax(1)
    bound = 2.0 / (batch["attention_mask"].sum(1) * 32).sqrt()
    assert (most <= bound * (1 + 1e-5)).all()
    assert (most > 0.9 * bound).all()
    bench.gradients()
    assert torch.equal(seen[1], seen[0])
    bench.model.network.eval()
    with torch.no_grad():
        bench.model.network(**{k: v for k, v in batch.items() if k != "labels"})
    assert torch.equal(seen[-1], clean)


@pytest.mark.parametrize("kind", ["bert", "gpt2", "t5"])
def test_noise_reaches_the_network_under_adapters(bases: dict[str, Path], kind: str) -> None:
    task = classifier(bases[kind])
    model = model_for(task, bases[kind], dropout=0.0)
    examples = examples_of(task)
    work = work_of(task, examples, bases[kind])
    Lora(r=2).apply(model, work)
    plain = step(task, model, [], cut_in(task, examples, 24))[0]
    companion = Neftune().companion(model, work)
    assert step(task, model, [companion], cut_in(task, examples, 24))[0] != plain


def walk(bench: Bench, steps: int) -> list[torch.Tensor]:
    """Moves the weights and tells the companion; what one weight was after each step."""
    (_, parameter), *_ = bench.model.core.named_parameters()
    seen = []
    for number in range(steps):
        nudge(bench.model, by=0.1 * (number + 1))
        bench.companion.after_update((number + 1) / steps)
        seen.append(parameter.detach().clone())
    return seen


def test_swa_is_the_mean_of_those_that_go_in(bert: Path) -> None:
    bench = Bench(bert, Swa(start=0.5, every=2))
    (_, parameter), *_ = bench.model.core.named_parameters()
    seen = walk(bench, 8)
    with bench.companion.measuring():
        torch.testing.assert_close(parameter.detach(), (seen[5] + seen[7]) / 2)
    assert torch.equal(parameter, seen[-1])


def test_ema_forgets_and_lends(bert: Path) -> None:
    bench = Bench(bert, Ema(decay=0.4))
    (_, parameter), *_ = bench.model.core.named_parameters()
    start = parameter.detach().clone()
    mean = start
    seen = walk(bench, 6)
    for number, weights in enumerate(seen, 1):
        decay = min(0.4, (1 + number) / (10 + number))
        mean = decay * mean + (1 - decay) * weights
    with bench.companion.measuring():
        torch.testing.assert_close(parameter.detach(), mean)
    assert torch.equal(parameter, seen[-1])


@pytest.mark.parametrize("validation", [0.2, 0.0])
def test_the_average_is_what_is_saved(
    bert: Path, news: Path, tmp_path: Path, validation: float
) -> None:
    plain, averaged = (
        recipe(news, bert, techniques=techniques, training__epochs=1)
        for techniques in ([], [{"kind": "swa", "start": 0.0, "every": 1}])
    )
    tensors = []
    for number, values in enumerate((plain, averaged)):
        values["data"]["split"]["validation"] = validation
        run = luthier.tune(values, runs_dir=tmp_path / str(number))
        tensors.append(luthier.load(run).model.core.state_dict()["classifier.weight"])
    assert not torch.equal(*tensors)
