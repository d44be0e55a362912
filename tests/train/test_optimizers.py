"""Every optimizer learns, and goes on after a crash as if there had been none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
from tests.conftest import table
from tests.contracts.test_resume import Stop, assert_same, crash_at
from tests.helpers import classifier, model_for, recipe
from torch import nn

import luthier
from luthier.core.errors import SetupError
from luthier.models.devices import World
from luthier.pipeline import resume_run, tune
from luthier.recipe.load import load_recipe
from luthier.recipe.registries import OPTIMIZERS
from luthier.recipe.schema import Training
from luthier.runs import list_runs
from luthier.train.joined import Joined
from luthier.train.optimizer import build_optimizer, set_pace
from luthier.train.signed import Lion
from luthier.train.step import StepResult, accumulate, update

KINDS = ["adafactor", "adam8bit", "adamw", "lion", "muon", "schedule_free"]
RATES = {"adafactor": 2e-2, "lion": 1e-3, "schedule_free": 2e-2}
"""Rates that suit the tiny base, where 5e-3 does not."""


def settings_for(kind: str) -> dict[str, Any]:
    optimizer = {"kind": kind, "least": 256} if kind == "adam8bit" else kind
    return {"optimizer": optimizer, "learning_rate": RATES.get(kind, 5e-3)}


class Work:
    """The tiny base on 32 rows, with an optimizer."""

    def __init__(self, base: Path, kind: str, slow: str = "none") -> None:
        self.task = classifier(base)
        self.model = model_for(self.task, base, dropout=0.0)
        names = [name for name, _ in self.model.core.named_parameters()]
        self.course = {0.0: {name: 0.5 if slow in name else 1.0 for name in names}}
        self.settings = Training(**settings_for(kind))
        self.optimizer = build_optimizer(self.model.core, self.course, self.settings)
        rows = pl.DataFrame(table(32), schema=["text", "label"], orient="row")
        self.examples = self.task.encode(rows)

    def step(self, cuts: int, max_norm: float) -> StepResult:
        set_pace(self.optimizer, self.course, 0.0, self.settings.learning_rate)
        size = len(self.examples) // cuts
        batches = [
            self.task.collate(self.examples[start : start + size])
            for start in range(0, len(self.examples), size)
        ]
        sums = accumulate(
            self.model.network.train(), self.task, batches,
            place=torch.device("cpu"), precision="fp32", seeds=(0, 0),
        )  # fmt: skip
        return update(self.optimizer, *sums, max_norm=max_norm, world=World())


def test_every_optimizer_is_tested() -> None:
    assert list(OPTIMIZERS.members()) == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_learns(kind: str, bert: Path) -> None:
    work = Work(bert, kind)
    losses = [work.step(1, 1.0).loss for _ in range(25)]
    assert losses[-1] < 0.4 * losses[0]


@pytest.mark.parametrize("kind", KINDS)
def test_resumes_exactly(kind: str, bert: Path, news: Path, tmp_path: Path) -> None:
    values = recipe(news, bert, training__max_steps=8, training__save_every=3)
    values["training"] |= {"dropout": 0.1, "evaluate_every": 4, **settings_for(kind)}
    whole = luthier.tune(values, runs_dir=tmp_path / "whole")
    with pytest.raises(Stop):
        tune(load_recipe(values), tmp_path / "cut", listener=crash_at(7))
    (cut,) = list_runs(tmp_path / "cut")
    assert_same(resume_run(cut), whole)


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_does_not_depend_on_how_it_is_cut(kind: str, bert: Path) -> None:
    """Gradients reach every optimizer divided and clipped alike, and rates multiplied."""
    whole, cut = (Work(bert, kind, slow="layer.0") for _ in range(2))
    assert whole.step(1, 0.5).grad_norm == pytest.approx(cut.step(4, 0.5).grad_norm, rel=1e-5)
    rate = whole.settings.learning_rate
    assert {group["lr"] for group in whole.optimizer.param_groups} == {rate / 2, rate}
    moved = dict(cut.model.core.named_parameters())
    for name, parameter in whole.model.core.named_parameters():
        # Where a gradient is 0 but for rounding, as of keys' biases, rounding decides.
        close = torch.isclose(parameter, moved[name], rtol=0, atol=0.05 * rate)
        assert name.endswith("key.bias") or close.float().mean() > 0.95, name


def test_lion_is_the_program_of_its_paper() -> None:
    torch.manual_seed(0)
    ours, theirs = (nn.Parameter(torch.ones(3, 2)) for _ in range(2))
    optimizer, mean = Lion([ours], lr=0.1, betas=(0.9, 0.99), weight_decay=0.2), torch.zeros(3, 2)
    for _ in range(5):
        gradient = torch.randn(3, 2)
        ours.grad = gradient.clone()
        optimizer.step()
        direction = torch.sign(0.9 * mean + 0.1 * gradient)
        theirs.data -= 0.1 * (direction + 0.2 * theirs.data)
        mean = 0.99 * mean + 0.01 * gradient
    torch.testing.assert_close(ours, theirs)


def test_muon_moves_matrices_of_the_base_only(bert: Path) -> None:
    model = model_for(classifier(bert), bert)
    course = {0.0: {name: 1.0 for name, _ in model.core.named_parameters()}}
    optimizer = build_optimizer(model.core, course, Training(optimizer="muon"))
    assert isinstance(optimizer, Joined)
    names = {id(p): name for name, p in model.core.named_parameters()}
    matrices = {
        names[id(p)] for g in optimizer.param_groups if g["part"] for p in g["params"]
    }  # fmt: skip
    assert "bert.encoder.layer.0.attention.self.query.weight" in matrices
    assert not any("embeddings" in name or "classifier" in name for name in matrices)
    for parameter in model.core.parameters():
        parameter.grad = torch.randn_like(parameter)
    optimizer.step()
    held = {names[id(p)]: set(state) for p, state in optimizer.state.items()}
    assert all((state == {"momentum_buffer"}) == (n in matrices) for n, state in held.items())
    assert len(held) == len(names)


def test_schedule_free_measures_other_weights_and_gives_them_back(bert: Path) -> None:
    model = model_for(classifier(bert), bert)
    settings = Training(optimizer="schedule_free")
    assert settings.schedule.kind == "constant"
    course = {0.0: {name: 1.0 for name, _ in model.core.named_parameters()}}
    optimizer = build_optimizer(model.core, course, settings)
    for _ in range(3):
        for parameter in model.core.parameters():
            parameter.grad = torch.randn_like(parameter)
        optimizer.step()
    before = [parameter.clone() for parameter in model.core.parameters()]
    with settings.optimizer.measuring(optimizer):
        assert not any(map(torch.equal, before, model.core.parameters()))
    assert all(map(torch.equal, before, model.core.parameters()))


def test_missing_package_is_said(bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("luthier.train.optimizers.schedule_free.find_spec", lambda _name: None)
    model = model_for(classifier(bert), bert)
    course = {0.0: {name: 1.0 for name, _ in model.core.named_parameters()}}
    with pytest.raises(SetupError, match=r"luthier\[optimizers\]"):
        build_optimizer(model.core, course, Training(optimizer="schedule_free"))
