"""Few rows: a stage of contrast, then one that classifies from what comes of it."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file
from tests.conftest import table, write_csv
from tests.contracts.test_resume import Stop, assert_same
from tests.helpers import recipe

import luthier
from luthier.pipeline import Listener, resume_run, tune
from luthier.recipe.load import load_recipe
from luthier.runs import Run, list_runs
from luthier.train.events import Event, Stepped

TEXTS = [text for text, _ in table(20, seed=7)]


def values_of(news: Path, base: Path, **changes: Any) -> dict[str, Any]:
    """Twelve rows a class."""
    changes.setdefault("task", {"kind": "classify", "contrast": True})
    split = {"validation": 0.2, "test": 0.2, "few_shot": 12}
    return recipe(news, base, data__split=split, **changes)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, bases: dict[str, Path]) -> Run:
    """A finished run of both stages."""
    folder = tmp_path_factory.mktemp("few")
    news = write_csv(folder / "news.csv", table(240), ("sentence", "sentiment"))
    values = recipe(news, bases["bert"])
    del values["name"]
    # A random base needs more rows, and has to move further, than one that can read.
    first = {**values, "name": "contrast", "task": "contrast"}
    first["training"] = {**values["training"], "batch_size": 8}
    second = {key: value for key, value in values.items() if key != "base"}
    stages = [first, {**second, "name": "main"}]
    return luthier.tune({"name": "few", "stages": stages}, runs_dir=folder / "runs")


def report_of(run: Run, stage: str) -> dict[str, Any]:
    (path,) = run.path.glob(f"stages/*{stage}/report.json")
    report: dict[str, Any] = json.loads(path.read_text())
    return report


def test_the_second_stage_goes_on_from_the_first(run: Run) -> None:
    first, second = report_of(run, "contrast"), report_of(run, "main")
    assert (first["task"]["kind"], second["task"]["kind"]) == ("contrast", "classify")
    assert second["base"] == "stage contrast"
    assert first["data"]["rows"] == second["data"]["rows"]
    assert first["data"]["rows"]["train"] == 144
    assert second["measures"]["metrics"] == run.verdict()["metrics"]
    for report in (first, second):
        assert report["verdict"]["beats_baseline"], report["measures"]["metrics"]


def test_answers_agree_with_transformers(run: Run) -> None:
    pipe = transformers.pipeline("text-classification", model=str(run.model), device="cpu")
    for answer, theirs in zip(luthier.load(run).predict(TEXTS), pipe(TEXTS), strict=True):
        assert answer["label"] == theirs["label"]
        assert answer["probability"] == pytest.approx(theirs["score"], abs=1e-5)


def test_crash_in_the_second_stage_and_resume(bert: Path, news: Path, tmp_path: Path) -> None:
    values = values_of(news, bert, training__epochs=2)
    whole = luthier.tune(values, runs_dir=tmp_path / "whole")
    steps: list[int] = []

    def in_second(event: Event) -> None:
        if isinstance(event, Stepped):
            steps.append(event.step)
            if event.step < len(steps) and event.step == 2:
                raise Stop

    with pytest.raises(Stop):
        tune(load_recipe(values), tmp_path / "cut", listener=Listener(on_event=in_second))
    (cut,) = list_runs(tmp_path / "cut")
    assert_same(resume_run(cut), whole)


@pytest.mark.parametrize(("kind", "prefix"), [("bert", "bert."), ("t5", "transformer.")])
def test_vectors_are_a_task_of_their_own(
    bases: dict[str, Path],
    news: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    prefix: str,
) -> None:
    """A run that ends in contrast: its model is a base whose token means are the vectors."""
    values = recipe(news, bases[kind], task={"kind": "contrast"}, training__epochs=1)
    values["training"]["max_steps"] = 12
    run = luthier.tune(values, runs_dir=tmp_path)
    again = luthier.evaluate(run)["metrics"]["knn_accuracy"]
    assert again == run.verdict()["metrics"]["knn_accuracy"]
    answers = [answer["vector"] for answer in luthier.load(run).predict(TEXTS)]
    single = luthier.load(run).predict(TEXTS, batch_size=1)
    np.testing.assert_allclose(answers, [answer["vector"] for answer in single], atol=1e-6)
    before = load_file(bases[kind] / "model.safetensors")
    after = load_file(run.model / "model.safetensors")
    pairs = [(before[name], after[f"{prefix}{name}"]) for name in before]
    assert sum(not torch.equal(one, other) for one, other in pairs) > len(pairs) / 3
    if kind == "bert":
        usage = report_of(run, "main")["about"]["usage"].replace("...", TEXTS[0])
        monkeypatch.chdir(run.path)
        space: dict[str, Any] = {}
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(usage, "card", "exec"), space)
        np.testing.assert_allclose(space["vectors"][0].detach(), answers[0], atol=1e-5)
