"""``batch_size: auto``: the same updates, whatever the machine chose, and chosen once a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tests.contracts.test_resume import Stop, crash_at
from tests.helpers import recipe

import luthier
from luthier.core.errors import RecipeError
from luthier.core.files import read_json, write_json
from luthier.pipeline import resume_run, tune
from luthier.recipe.load import load_recipe
from luthier.runs import Run, list_runs
from luthier.train import fit_batch
from luthier.train.fit_batch import Trial, choose


def values_for(news: Path, bert: Path, **training: Any) -> dict[str, Any]:
    values = recipe(news, bert, training__max_steps=6)
    values["training"] |= {"batch_size": "auto", "rows_per_step": 12, "save_every": 3, **training}
    return values


def chosen(run: Run) -> dict[str, Any]:
    return read_json(run.path / "stages" / "0-main" / "batch.json")


def test_the_largest_that_is_as_fast_as_any_is_taken() -> None:
    speeds = {1: 10.0, 2: 18.0, 4: 30.0, 8: 29.5, 16: 20.0}
    tried = [Trial(size, speed, 0) for size, speed in speeds.items()]
    assert choose(tried, longest=7).batch_size == 8
    assert choose(tried, longest=7).max_tokens == 56
    assert choose([], longest=7).batch_size == 1


def test_updates_are_those_of_the_whole_step(bert: Path, news: Path, tmp_path: Path) -> None:
    auto = luthier.tune(values_for(news, bert), runs_dir=tmp_path / "auto")
    found = chosen(auto)
    assert [trial["batch_size"] for trial in found["tried"]] == [1, 2, 3, 4, 6, 12]
    fixed = values_for(news, bert, batch_size=12, rows_per_step=None, max_tokens=10**6)
    fixed["training"].pop("rows_per_step")
    whole = luthier.tune(fixed, runs_dir=tmp_path / "fixed")
    losses = [
        [event["loss"] for event in run.events() if event["event"] == "Stepped"]
        for run in (auto, whole)
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    report = read_json(auto.path / "stages" / "0-main" / "report.json")
    assert report["training"]["rows_per_step"] == 12
    assert report["training"]["batch_size"] == found["batch_size"]


def test_a_resumed_run_keeps_its_size(
    bert: Path, news: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = values_for(news, bert, dropout=0.1)
    with pytest.raises(Stop):
        tune(load_recipe(values), tmp_path / "cut", listener=crash_at(5))
    (cut,) = list_runs(tmp_path / "cut")
    first = chosen(cut) | {"batch_size": 3}
    write_json(cut.path / "stages" / "0-main" / "batch.json", first)

    def refuse(_session: object) -> None:
        raise AssertionError("the size was found before")

    with monkeypatch.context() as patch:
        patch.setattr("luthier.pipeline.batch.fit_batch", refuse)
        resumed = resume_run(cut)
    assert chosen(resumed) == first
    report = read_json(resumed.path / "stages" / "0-main" / "report.json")
    assert report["training"]["batch_size"] == 3


def test_memory_ends_the_search(
    bert: Path, news: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = iter(range(0, 10**9, 10**6))
    monkeypatch.setattr(fit_batch, "memory_free", lambda _place: 3 * 10**6)
    monkeypatch.setattr(fit_batch, "memory_peak", lambda _place: next(held))
    run = luthier.tune(values_for(news, bert), runs_dir=tmp_path)
    assert [trial["batch_size"] for trial in chosen(run)["tried"]] == [1, 2]
    assert chosen(run)["batch_size"] <= 2


def test_measuring_leaves_the_network_as_it_is(
    bert: Path, news: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    real = fit_batch.fit_batch

    def watched(session: Any) -> Any:
        before = {k: v.clone() for k, v in session.model.core.state_dict().items()}
        found = real(session)
        after = session.model.core.state_dict()
        seen.append(all(torch.equal(before[name], after[name]) for name in before))
        seen.append(all(p.grad is None for p in session.model.core.parameters()))
        return found

    monkeypatch.setattr("luthier.pipeline.batch.fit_batch", watched)
    luthier.tune(values_for(news, bert, max_steps=1), runs_dir=tmp_path)
    assert seen == [True, True]


@pytest.mark.parametrize(
    "training", [{"batch_size": 8}, {"rows_per_step": None, "gradient_accumulation_steps": 2}]
)
def test_rows_of_a_step_are_said_once(bert: Path, news: Path, training: dict[str, Any]) -> None:
    with pytest.raises(RecipeError, match="rows_per_step"):
        load_recipe(values_for(news, bert, **training))
