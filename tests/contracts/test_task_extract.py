"""The task extract: learned, saved, reloaded, resumed, adapted; in transformers alone the same."""

from __future__ import annotations

import contextlib
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tests.conftest import FAMILIES
from tests.helpers import recipe
from tests.tasks.extraction.asking import WORDS, questions, write_rows
from tests.tiny import write_base

import luthier
from luthier.pipeline import Listener, resume_run, tune
from luthier.recipe.load import load_recipe
from luthier.runs import Run, list_runs
from luthier.train.events import Event, Stepped

SHORT = questions(30, seed=5, longest=14)
LONG = questions(30, seed=6)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_rows(tmp_path_factory.mktemp("asked") / "asked.jsonl", questions(280, longest=50))


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("readers")
    return {kind: write_base(kind, folder / kind, WORDS) for kind in FAMILIES}


def values_for(data: Path, base: Path, epochs: int = 8, **changes: Any) -> dict[str, Any]:
    task = {"kind": "extract", "max_length": 32, "stride": 8, "max_answer_tokens": 4}
    return recipe(data, base, task=task, training__epochs=epochs, **changes)


@pytest.fixture(scope="module")
def runs(
    data: Path, readers: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Run]:
    folder = tmp_path_factory.mktemp("runs")
    return {
        kind: luthier.tune(
            values_for(data, base, epochs=12 if kind == "bert" else 2), runs_dir=folder / kind
        )
        for kind, base in readers.items()
    }


def given(rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [{name: row[name] for name in ("question", "context")} for row in rows]


def with_the_card(run: Run, rows: list[dict[str, Any]], folder: Any) -> list[str]:
    """What the lines of the model card answer, which know nothing of luthier."""
    card = (run.path / "README.md").read_text(encoding="utf-8")
    (lines,) = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    assert "luthier" not in lines
    folder.chdir(run.path)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        for row in rows:
            asked = lines.replace('"...', json.dumps(row["question"])[:-1], 1)
            exec(asked.replace('"..."', json.dumps(row["context"]), 1), {})
    return said.getvalue().splitlines()


def test_it_is_learned(runs: dict[str, Run]) -> None:
    metrics = runs["bert"].verdict()["metrics"]
    assert metrics["f1"]["value"] >= 0.8, metrics
    assert metrics["no_answer_accuracy"]["value"] >= 0.6, metrics


@pytest.mark.parametrize("kind", FAMILIES)
def test_family_answers_the_same_in_transformers(
    runs: dict[str, Run], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = [answer["answer"] for answer in luthier.load(runs[kind]).predict(given(SHORT[:12]))]
    assert with_the_card(runs[kind], SHORT[:12], monkeypatch) == ours
    assert len(set(ours)) > 1


@pytest.mark.parametrize("kind", FAMILIES)
def test_answers_do_not_depend_on_the_batch(runs: dict[str, Run], kind: str) -> None:
    predictor, rows = luthier.load(runs[kind]), given(LONG)
    results = [predictor.predict(rows, batch_size=size) for size in (1, 7, 64)]
    for other in results[1:]:
        for first, second in zip(results[0], other, strict=True):
            assert (first["answer"], first["start"]) == (second["answer"], second["start"])
            assert first["probability"] == pytest.approx(second["probability"], abs=1e-5)
    for row, answer in zip(rows, results[0], strict=True):
        if answer["answer"]:
            assert row["context"][answer["start"] : answer["end"]] == answer["answer"]


def test_answers_deep_in_long_texts_are_found(runs: dict[str, Run]) -> None:
    rows = questions(200, seed=7, none=0)
    deep = [row for row in rows if row["answers"]["answer_start"][0] > 180]
    assert len(deep) >= 10
    said = luthier.load(runs["bert"]).predict(given(deep))
    places = [(row["answers"]["answer_start"][0], row["answers"]["text"][0]) for row in deep]
    right = [
        answer["start"] in range(start, start + len(text))
        for answer, (start, text) in zip(said, places, strict=True)
    ]
    assert np.mean(right) >= 0.7


def test_measured_again_it_is_the_same(runs: dict[str, Run]) -> None:
    run = runs["bert"]
    again = luthier.evaluate(run, batch_size=5)["metrics"]
    first = run.verdict()["metrics"]
    assert {k: v["value"] for k, v in again.items()} == pytest.approx(
        {k: v["value"] for k, v in first.items()}, abs=1e-6
    )


def test_models_that_always_answer_have_no_threshold(
    readers: dict[str, Path], tmp_path: Path
) -> None:
    sure = write_rows(tmp_path / "sure.jsonl", questions(120, none=0))
    run = luthier.tune(values_for(sure, readers["bert"], epochs=2), runs_dir=tmp_path / "runs")
    assert run.verdict()["metrics"].keys() == {"exact_match", "f1", "ece"}
    assert "threshold" not in json.loads((run.model / "luthier.json").read_text())["facts"]
    assert all(answer["answer"] for answer in luthier.load(run).predict(given(SHORT)))


def test_adapters_learn_and_load_through_peft(
    data: Path, readers: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = values_for(data, readers["bert"], 8, techniques=[{"kind": "lora", "r": 8}])
    values["training"]["learning_rate"] = 5e-3
    run = luthier.tune(values, runs_dir=tmp_path / "runs")
    losses = [event["loss"] for event in run.events() if event["event"] == "Stepped"]
    assert np.mean(losses[-10:]) < 0.8 * np.mean(losses[:10])
    predictor = luthier.load(run)
    ours = [answer["answer"] for answer in predictor.predict(given(SHORT[:12]))]
    assert with_the_card(run, SHORT[:12], monkeypatch) == ours
    before = load_file(readers["bert"] / "model.safetensors")
    after = {
        name.removeprefix("bert.").replace(".base_layer", ""): tensor
        for name, tensor in predictor.model.core.state_dict().items()
    }
    assert len(before.keys() & after.keys()) >= 10
    for name in before.keys() & after.keys():
        assert torch.equal(before[name], after[name]), name


class Stop(Exception):
    """Stands for a crash between two events."""


def stop(event: Event) -> None:
    if isinstance(event, Stepped) and event.step == 9:
        raise Stop


def test_crash_and_resume(data: Path, readers: dict[str, Path], tmp_path: Path) -> None:
    values = values_for(data, readers["bert"], epochs=1, training__save_every=4)
    values["training"]["dropout"] = 0.1
    whole = luthier.tune(values, runs_dir=tmp_path / "whole")
    with pytest.raises(Stop):
        tune(load_recipe(values), tmp_path / "cut", listener=Listener(on_event=stop))
    (cut,) = list_runs(tmp_path / "cut")
    again = resume_run(cut)
    ours, theirs = (load_file(run.model / "model.safetensors") for run in (whole, again))
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert whole.verdict()["metrics"] == again.verdict()["metrics"]
