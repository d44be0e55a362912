"""Distillation: the divergence is that of the books, and a student learns its teacher."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from tests.helpers import classifier, model_for, recipe, work_of
from tests.techniques.test_drop_layers import examples_of

import luthier
from luthier.core.errors import LuthierError, ModelError, RecipeError
from luthier.models.bases import Base
from luthier.pipeline.loading import load_other
from luthier.techniques.distil import Distil, matched
from luthier.train.step import accumulate


@pytest.fixture
def taught(bert: Path, news: Path, tmp_path: Path) -> Path:
    """The model of a run that learned the news."""
    run = luthier.tune(recipe(news, bert, name="teacher"), runs_dir=tmp_path / "runs")
    return run.model


def step(
    task: Any, model: Any, companions: list[Any], batches: list[Any]
) -> tuple[float, dict[str, torch.Tensor]]:
    """Loss sum and gradients of a step."""
    model.network.zero_grad()
    model.network.train()
    place = torch.device("cpu")
    loss, _ = accumulate(
        model.network, task, batches, place=place, precision="fp32", seeds=(0, 0),
        companions=companions,
    )  # fmt: skip
    return loss, {n: p.grad.clone() for n, p in model.core.named_parameters() if p.grad is not None}


def cut_in(task: Any, examples: list[Any], size: int) -> list[Any]:
    return [task.collate(examples[i : i + size]) for i in range(0, len(examples), size)]


def assert_close(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> None:
    assert left.keys() == right.keys()
    for name in left:
        torch.testing.assert_close(left[name], right[name], rtol=1e-4, atol=1e-5, msg=name)


@pytest.mark.parametrize("settings", [{"share": 1.0}, {"share": 0.3, "hidden": 2.0}])
def test_gradient_does_not_depend_on_micro_batches(
    bert: Path, taught: Path, settings: dict[str, Any]
) -> None:
    task = classifier(bert)
    model = model_for(task, bert, dropout=0.0)
    examples = examples_of(task)
    companion = Distil(teacher=str(taught), **settings).companion(model, work_of(task, base=bert))
    whole = step(task, model, [companion], cut_in(task, examples, 24))[1]
    assert_close(step(task, model, [companion], cut_in(task, examples, 5))[1], whole)


def test_gradient_is_that_of_the_formula(bert: Path, taught: Path) -> None:
    task = classifier(bert)
    model = model_for(task, bert, dropout=0.0)
    (batch,) = cut_in(task, examples_of(task), 24)
    work = work_of(task, base=bert)
    settings = Distil(teacher=[str(taught), str(taught)], temperature=3.0, share=0.4)
    found = step(task, model, [settings.companion(model, work)], [batch])[1]
    model.network.zero_grad()
    teacher = work.load(str(taught))
    with torch.no_grad():
        p = (work.ask(teacher.network, batch).logits / 3).softmax(-1)
    own = work.ask(model.network, batch)
    soft = torch.nn.functional.kl_div((own.logits / 3).log_softmax(-1), p, reduction="sum")
    (0.6 * task.loss(own, batch)[0] + 0.4 * 9 * soft).backward()
    expected = {n: p.grad for n, p in model.core.named_parameters() if p.grad is not None}
    assert_close(found, {n: g for n, g in expected.items() if g is not None})


def test_uncut_model_teaches_the_cut_one(
    bert: Path, news: Path, taught: Path, tmp_path: Path
) -> None:
    techniques = [
        {"kind": "drop_layers", "count": 1, "by": "loss"},
        {"kind": "distil", "share": 0.7, "hidden": 0.5},
    ]
    values = recipe(news, str(taught), techniques=techniques)
    run = luthier.tune(values, runs_dir=tmp_path / "healed")
    assert run.verdict()["metrics"]["accuracy"]["value"] >= 0.7
    assert luthier.load(run).model.core.config.num_hidden_layers == 1
    report = (next(run.path.glob("stages/*/report.zh.html"))).read_text(encoding="utf-8")
    assert "2 层中去掉了 1 层" in report


def test_who_cannot_teach_is_refused(bert: Path, bases: dict[str, Path], taught: Path) -> None:
    task = classifier(bert)
    model, work = model_for(task, bert), work_of(task, base=bert)
    with pytest.raises(RecipeError, match="its head is new"):
        Distil().companion(model, work)
    with pytest.raises(LuthierError):
        Distil(teacher=str(bases["t5"])).companion(model, work)
    other = classifier(bert, labels=["positive", "neutral", "negative"])
    with pytest.raises(ModelError, match="answers with negative"):
        load_other(Base("x", taught, "folder"), other, other.tokenizer, seed=0)
    for settings in (
        {"teacher": []}, {"share": 0.0}, {"teacher": ["a", "b"], "hidden": 1.0},
    ):  # fmt: skip
        with pytest.raises(ValidationError):
            Distil(**settings)


def test_layers_are_matched_by_depth() -> None:
    assert matched([3], [6]) == [(0, 1), (1, 3), (2, 5)]
    assert matched([4], [4]) == [(i, i) for i in range(4)]
    assert matched([1, 2], [2, 4]) == [(0, 1), (1, 3), (2, 5)]
