"""The contract of every technique: trains, keeps what is frozen, resumes, saves and loads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
from tests.conftest import FAMILIES, table, write_csv
from tests.contracts.techniques import ALONE, LACKING, TOGETHER, UNMATCHED, Techniques
from tests.contracts.test_resume import Stop, assert_same, crash_at
from tests.helpers import classifier, model_for, recipe, work_of

import luthier
from luthier.core.errors import LuthierError, ModelError, RecipeError
from luthier.models.bases import Base
from luthier.models.load import load_tuned, save_model
from luthier.models.model import Model
from luthier.pipeline import resume_run, tune
from luthier.recipe.load import load_recipe
from luthier.recipe.registries import TECHNIQUES
from luthier.recipe.schema import Training
from luthier.runs import Run, list_runs
from luthier.techniques.technique import Technique, Work, course
from luthier.train.optimizer import build_optimizer, set_pace, trained

CRASH = 5
"""Step of nine: behind a turn at half of training, and not where a checkpoint is."""


@pytest.fixture
def news(tmp_path: Path) -> Path:
    """As many sentences as make nine steps."""
    return write_csv(tmp_path / "news.csv", table(120), ("sentence", "sentiment"))


def values_for(news: Path, base: Path, techniques: Techniques, **changes: Any) -> dict[str, Any]:
    values = recipe(news, base, techniques=techniques, **changes)
    values["training"] |= {"batch_size": 8, "epochs": 1, "save_every": 3, "evaluate_every": 5}
    values["training"]["dropout"] = 0.1
    looks_back = any(technique.looks_back for technique in parsed(techniques))
    return after_another(values) if looks_back else values


def after_another(values: dict[str, Any]) -> dict[str, Any]:
    """The recipe as a second stage, behind one of two steps of another task on the same rows."""
    second = {key: value for key, value in values.items() if key not in ("name", "base")}
    first = second | {"name": "first", "base": values["base"], "techniques": []}
    first["task"] = {"kind": "contrast"}
    first["training"] = second["training"] | {"max_steps": 2}
    return {"name": values["name"], "stages": [first, {"name": "second", **second}]}


def parsed(techniques: Techniques) -> list[Technique]:
    return [TECHNIQUES.parse(one) for one in techniques]


def applied(techniques: list[Technique], base: Path, run: Run) -> Model:
    """The model as it was before the first step of a run."""
    task = luthier.load(run).task
    model = model_for(task, base)
    examples = task.encode(_train_rows(run))
    for technique in techniques:
        technique.apply(model, work_of(task, examples))
    return model


def _train_rows(run: Run) -> pl.DataFrame:
    return pl.read_parquet(max(run.path.glob("stages/*/data/train.parquet")))


def assert_frozen_are_as_before(run: Run, techniques: list[Technique], base: Path) -> None:
    before = applied(techniques, base, run)
    moving = trained(course(techniques, before))
    first = dict(before.core.named_parameters())
    last = dict(luthier.load(run).model.core.named_parameters())
    kept = [name for name in first if name in last and name not in moving]
    for name in kept:
        assert torch.equal(first[name], last[name].cpu()), name
    changed = [not torch.equal(first[name], last[name].cpu()) for name in moving if name in last]
    assert any(changed) or not changed


def assert_reloads(run: Run) -> None:
    metrics = run.verdict()["metrics"]
    again = luthier.evaluate(run)["metrics"]
    assert {k: v["value"] for k, v in again.items()} == pytest.approx(
        {k: v["value"] for k, v in metrics.items()}, abs=1e-6
    )


def test_every_technique_is_in_the_table() -> None:
    assert {one["kind"] for techniques in ALONE.values() for one in techniques} == set(
        TECHNIQUES.members()
    )


@pytest.mark.parametrize("name", ALONE)
def test_trains_resumes_and_reloads(bert: Path, news: Path, tmp_path: Path, name: str) -> None:
    values = values_for(news, bert, ALONE[name])
    whole = luthier.tune(values, runs_dir=tmp_path / "whole")
    assert_frozen_are_as_before(whole, parsed(ALONE[name]), bert)
    assert_reloads(whole)
    with pytest.raises(Stop):
        tune(load_recipe(values), tmp_path / "cut", listener=crash_at(CRASH))
    (cut,) = list_runs(tmp_path / "cut")
    assert_same(resume_run(cut), whole)


@pytest.mark.parametrize("name", ALONE)
@pytest.mark.parametrize("family", [kind for kind in FAMILIES if kind != "bert"])
def test_works_on_the_families_it_names(
    bases: dict[str, Path], tmp_path: Path, name: str, family: str
) -> None:
    task, techniques = classifier(bases[family]), parsed(ALONE[name])
    model = model_for(task, bases[family], dropout=0.0)
    text, label = zip(*table(12), strict=True)
    work = work_of(task, task.encode(pl.DataFrame({"text": text, "label": label})))
    if family in LACKING.get(name, ()):
        with pytest.raises(LuthierError, match=r"matches no parameter|adapt this base|transposed"):
            take_steps(techniques, model, work)
    elif any(model.family not in technique.families for technique in techniques):
        with pytest.raises(ModelError, match="does not work on this base"):
            take_steps(techniques, model, work)
    else:
        take_steps(techniques, model, work)
        for technique in techniques:
            technique.finish(model, work)
        save_model(model, tmp_path)
        base = Base(family, bases[family], "folder")
        again = load_tuned(tmp_path, base, task.head(), task.tokenizer)
        for ours, theirs in zip(outputs(model, work), outputs(again, work), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def take_steps(techniques: list[Technique], model: Model, work: Work) -> None:
    """Put the techniques on and train two steps."""
    for technique in techniques:
        technique.check(model)
    for technique in techniques:
        technique.apply(model, work)
    over_time = course(techniques, model)
    optimizer = build_optimizer(model.core, over_time, Training())
    for progress in (0.0, 0.9):
        set_pace(optimizer, over_time, progress, 1e-2)
        for batch in work.batches(12):
            work.loss(work.ask(model.network.train(), batch), batch)[0].backward()
        optimizer.step()
        optimizer.zero_grad()


def outputs(model: Model, work: Work) -> list[torch.Tensor]:
    """The logits of the rows."""
    with torch.no_grad():
        return [work.ask(model.network.eval(), batch).logits for batch in work.batches(12)]


@pytest.mark.parametrize("name", TOGETHER)
def test_pairs_work_together(bert: Path, news: Path, tmp_path: Path, name: str) -> None:
    assert_reloads(luthier.tune(values_for(news, bert, TOGETHER[name]), runs_dir=tmp_path))


@pytest.mark.parametrize("name", UNMATCHED)
def test_what_matches_nothing_is_refused(bert: Path, name: str) -> None:
    task = classifier(bert)
    model = model_for(task, bert)
    techniques = parsed(UNMATCHED[name])
    with pytest.raises(RecipeError):
        for technique in techniques:
            technique.apply(model, work_of(task))
        course(techniques, model)
