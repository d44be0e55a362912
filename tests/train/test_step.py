"""The mathematics of a step: normalisation, accumulation, clipping, decay."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
import torch
from tests.conftest import table
from tests.helpers import classifier, model_for

from luthier.models.devices import World, world
from luthier.models.model import Model
from luthier.recipe.schema import Training
from luthier.tasks.classify import Classifier
from luthier.train.optimizer import build_optimizer, set_pace
from luthier.train.step import accumulate, update

SETTINGS = Training(learning_rate=1e-3, precision="fp32")


def setup(base: Path, settings: Training = SETTINGS) -> tuple[Classifier, Model, torch.optim.AdamW]:
    task = classifier(base)
    model = model_for(task, base, dropout=0.0)
    multipliers = dict.fromkeys((name for name, _ in model.core.named_parameters()), 1.0)
    return task, model, build_optimizer(model.core, {0.0: multipliers}, settings)


def step(base: Path, cuts: int, max_norm: float | None = None) -> tuple[float, float, Model]:
    """One step on 32 rows in ``cuts`` micro-batches: loss, gradient norm and the model after."""
    task, model, optimizer = setup(base)
    examples = task.encode(pl.DataFrame(table(32), schema=["text", "label"], orient="row"))
    size = len(examples) // cuts
    batches = [task.collate(examples[i : i + size]) for i in range(0, len(examples), size)]
    sums = accumulate(
        model.network.train(), task, batches,
        place=torch.device("cpu"), precision="fp32", seeds=(0, 0),
    )  # fmt: skip
    result = update(optimizer, *sums, max_norm=max_norm, world=World())
    return result.loss, result.grad_norm, model


@pytest.mark.parametrize("cuts", [2, 4, 8, 32])
def test_gradient_does_not_depend_on_how_the_step_is_cut(bert: Path, cuts: int) -> None:
    loss, norm, whole = step(bert, 1)
    cut_loss, cut_norm, cut = step(bert, cuts)
    assert cut_norm == pytest.approx(norm, rel=1e-5)
    assert cut_loss == pytest.approx(loss, rel=1e-5)
    moved = dict(cut.core.named_parameters())
    for name, parameter in whole.core.named_parameters():
        # Keys' biases cancel out in the softmax: their gradient is rounding, which Adam amplifies.
        if not name.endswith("key.bias"):
            torch.testing.assert_close(parameter, moved[name], rtol=0, atol=2e-4)


def test_gradient_norm_is_that_of_the_mean_loss(bert: Path) -> None:
    task, model, _ = setup(bert)
    examples = task.encode(pl.DataFrame(table(32), schema=["text", "label"], orient="row"))
    batch = task.collate(examples)
    model.network.train()(**batch).loss.backward()
    gradients = [p.grad for p in model.core.parameters() if p.grad is not None]
    expected = torch.linalg.vector_norm(torch.stack([g.norm() for g in gradients])).item()
    assert step(bert, 4)[1] == pytest.approx(expected, rel=1e-5)


def test_clipping_scales_the_gradient_to_the_limit(bert: Path) -> None:
    task, model, optimizer = setup(bert)
    examples = task.encode(pl.DataFrame(table(8), schema=["text", "label"], orient="row"))
    sums = accumulate(
        model.network, task, [task.collate(examples)],
        place=torch.device("cpu"), precision="fp32", seeds=(0,),
    )  # fmt: skip
    seen = {}

    def look(*_: object) -> None:
        gradients = [p.grad for p in model.core.parameters() if p.grad is not None]
        seen["norm"] = torch.linalg.vector_norm(torch.stack([g.norm() for g in gradients])).item()

    optimizer.register_step_post_hook(look)
    result = update(optimizer, *sums, max_norm=0.01, world=World())
    assert result.grad_norm > 0.01
    assert seen["norm"] == pytest.approx(0.01, rel=1e-3)


def test_gradient_that_is_not_finite_leaves_the_weights(bert: Path) -> None:
    _, model, optimizer = setup(bert)
    before = [p.clone() for p in model.core.parameters()]
    next(model.core.parameters()).grad = torch.full_like(next(model.core.parameters()), torch.nan)
    with pytest.raises(FloatingPointError):
        update(optimizer, 1.0, 1.0, max_norm=1.0, world=World())
    assert all(torch.equal(a, b) for a, b in zip(before, model.core.parameters(), strict=True))


def test_norms_and_biases_do_not_decay(bert: Path) -> None:
    _, model, optimizer = setup(bert)
    decay = {id(p): g["weight_decay"] for g in optimizer.param_groups for p in g["params"]}
    for name, parameter in model.core.named_parameters():
        is_norm_or_bias = "LayerNorm" in name or name.endswith("bias")
        assert decay[id(parameter)] == (0.0 if is_norm_or_bias else 0.01), name


def test_frozen_parameters_are_left_out(bert: Path) -> None:
    task = classifier(bert)
    model = model_for(task, bert)
    multipliers = {n: float("classifier" in n) for n, _ in model.core.named_parameters()}
    optimizer = build_optimizer(model.core, {0.0: multipliers}, SETTINGS)
    assert sum(len(g["params"]) for g in optimizer.param_groups) == 2
    assert {n for n, p in model.core.named_parameters() if p.requires_grad} == {
        "classifier.weight",
        "classifier.bias",
    }


def test_rate_is_multiplied_per_group(bert: Path) -> None:
    task = classifier(bert)
    model = model_for(task, bert)
    multipliers = {n: 0.5 if "embeddings" in n else 1.0 for n, _ in model.core.named_parameters()}
    optimizer = build_optimizer(model.core, {0.0: multipliers}, SETTINGS)
    set_pace(optimizer, {0.0: multipliers}, 0.5, 0.2)
    assert {g["lr"] for g in optimizer.param_groups} == {0.1, 0.2}


def test_several_processes_are_refused_for_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(Exception, match="one process"):
        world()
