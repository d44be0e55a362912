"""Several tasks in one model, from rows to each head alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from tests.conftest import table, write_csv
from tests.contracts.test_resume import Stop, assert_same, crash_at
from tests.helpers import here, recipe
from transformers import pipeline

import luthier
from luthier.core.errors import RecipeError, RunError
from luthier.pipeline import resume_run, tune
from luthier.recipe.load import load_recipe
from luthier.runs import Run, list_runs

MOOD = {"kind": "classify", "text": "sentence", "label": "mood"}
LENGTH = {"kind": "classify", "text": "sentence", "label": "length"}


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """Rows with two labels each."""
    rows = [(t, f"{m},{'long' if len(t.split()) > 7 else 'short'}") for t, m in table(160)]
    path = tmp_path / "two.csv"
    path.write_text("sentence,mood,length\n" + "".join(f"{t},{labels}\n" for t, labels in rows))
    return path


def values(rows: Path, base: Path, **task: Any) -> dict[str, Any]:
    several = {"kind": "multi", "tasks": {"mood": MOOD, "length": LENGTH}, **task}
    return recipe(rows, base, task=several, training__epochs=6)


@pytest.fixture
def run(two: Path, bert: Path, tmp_path: Path) -> Run:
    changed = values(two, bert)
    changed["training"]["epochs"] = 12
    changed["evaluation"]["target"] = {"mean": 0.8, "length/accuracy": 0.8}
    return luthier.tune(changed, runs_dir=tmp_path / "runs")


def test_each_head_is_evaluated_exported_and_served_alone(
    run: Run, two: Path, tmp_path: Path
) -> None:
    verdict = run.verdict()
    assert {check["metric"] for check in verdict["verdict"]["targets"]} == {
        "mean", "length/accuracy",
    }  # fmt: skip
    assert verdict["metrics"]["mood/accuracy"]["value"] > 0.6
    assert verdict["metrics"]["length/accuracy"]["value"] > 0.8
    texts = [text for text, _ in table(20)]
    whole = luthier.load(run).predict(texts)
    predictor = luthier.load(run)
    for text, answer in zip(texts, whole, strict=True):
        (single,) = predictor.predict([text])
        for name in ("mood", "length"):
            expected = pytest.approx(answer[name]["probabilities"], abs=1e-6)
            assert single[name]["probabilities"] == expected
    assert luthier.evaluate(run)["metrics"] == verdict["metrics"]
    for name in ("mood", "length"):
        place = luthier.export(run, tmp_path / name, task=name)
        alone = luthier.load(run, task=name).predict(texts)
        exported = luthier.load(place).predict(texts)
        plain = pipeline("text-classification", model=str(place))(texts)
        for one, two_, three, four in zip(whole, alone, exported, plain, strict=True):
            assert one[name]["label"] == two_["label"] == three["label"] == four["label"]
            probabilities = [one[name]["probability"], two_["probability"], three["probability"]]
            assert probabilities == pytest.approx([four["score"]] * 3, abs=1e-6)
        measured = luthier.evaluate(run, task=name)["metrics"]
        assert measured["accuracy"]["value"] == verdict["metrics"][f"{name}/accuracy"]["value"]
    (check,) = luthier.evaluate(run, task="length")["verdict"]["targets"]
    assert check["metric"] == "accuracy"
    other = luthier.evaluate(run, str(two), task="mood")
    assert other["rows"] == 160
    done = here(
        "predict", str(run.path), "--task", "mood", "--text", texts[0], "--json", cwd=tmp_path
    )
    assert json.loads(done.stdout)["predictions"][0]["label"] == whole[0]["mood"]["label"]
    with pytest.raises(RunError, match="no task 'moot'"):
        luthier.load(run, task="moot")
    with pytest.raises(RunError, match="something in the folder"):
        luthier.export(run, tmp_path / "mood", task="mood")


def test_one_task_with_one_label_alone_is_the_same_training(
    two: Path, bert: Path, tmp_path: Path
) -> None:
    single = luthier.tune(recipe(two, bert, task=MOOD), runs_dir=tmp_path / "a")
    mixture = {"kind": "multi", "tasks": {"mood": MOOD}}
    joint = luthier.tune(recipe(two, bert, task=mixture), runs_dir=tmp_path / "b")
    ours, theirs = (load_file(run.model / "model.safetensors") for run in (joint, single))
    for name, weight in theirs.items():
        own = ours[name] if name in ours else ours[f"heads.to_mood.{name}"]
        # Keys' biases cancel out in the softmax: their gradient is rounding, which Adam amplifies.
        if not name.endswith("key.bias"):
            torch.testing.assert_close(own, weight, rtol=0, atol=1e-4)
    measured = joint.verdict()["metrics"]
    for name, estimate in single.verdict()["metrics"].items():
        assert measured[f"mood/{name}"]["value"] == pytest.approx(estimate["value"], abs=1e-4)


@pytest.mark.parametrize(
    "settings",
    [
        {"balance": "uncertainty"},
        {"balance": "gradnorm", "conflicts": "project", "mixing": "temperature"},
    ],
)
def test_data_sets_of_their_own_and_a_crash(
    two: Path, bert: Path, tmp_path: Path, settings: dict[str, str]
) -> None:
    own = write_csv(tmp_path / "own.csv", table(60, seed=3), ("sentence", "mood"))
    lengths = {"tasks": {"length": LENGTH, "mood": MOOD}, "data": {"mood": {"train": str(own)}}}
    changed = values(two, bert, **lengths, **settings)
    changed["training"] |= {"epochs": 2, "dropout": 0.1, "save_every": 3}
    whole = luthier.tune(changed, runs_dir=tmp_path / "whole")
    with pytest.raises(Stop):
        tune(load_recipe(changed), tmp_path / "cut", listener=crash_at(5))
    (cut,) = list_runs(tmp_path / "cut")
    assert_same(resume_run(cut), whole)
    steps = [e for e in whole.events() if e["event"] == "Stepped"]
    assert all(bool(e["cosines"]) == ("conflicts" in settings) for e in steps)
    assert luthier.evaluate(whole, task="mood")["rows"] == 12
    assert luthier.evaluate(whole, task="length")["rows"] == 32


@pytest.mark.parametrize("technique", ["r_drop", "fgm"])
def test_what_changes_the_whole_loss_does_not_go_with_gradients_of_parts(
    two: Path, bert: Path, tmp_path: Path, technique: str
) -> None:
    changed = values(two, bert, conflicts="project") | {"techniques": [{"kind": technique}]}
    with pytest.raises(RecipeError, match=f"The technique {technique} changes the loss"):
        luthier.tune(changed, runs_dir=tmp_path)


@pytest.mark.parametrize("balance", ["fixed", "uncertainty"])
def test_loss_is_told_as_the_sum_of_the_tasks_own(
    two: Path, bert: Path, tmp_path: Path, balance: str
) -> None:
    """Whatever is learned of their balance: else it could not be compared over time."""
    run = luthier.tune(values(two, bert, balance=balance), runs_dir=tmp_path)
    measured = [event["metrics"] for event in run.events() if event["event"] == "Evaluated"]
    assert measured
    for one in measured:
        own = one["mood/log_loss"] + one["length/log_loss"]
        assert one["loss"] == pytest.approx(own, rel=1e-4)
    # What is learned of the balance would make it negative, in time.
    steps = [event["loss"] for event in run.events() if event["event"] == "Stepped"]
    assert min(steps) > 0


def test_adapters_serve_all_heads(two: Path, bert: Path, tmp_path: Path) -> None:
    changed = values(two, bert, balance="gradnorm")
    changed["techniques"] = [{"kind": "lora", "r": 2}]
    changed["training"]["epochs"] = 2
    run = luthier.tune(changed, runs_dir=tmp_path / "runs")
    texts = [text for text, _ in table(5)]
    whole = luthier.load(run).predict(texts)
    alone = luthier.load(run, task="length").predict(texts)
    assert [answer["length"]["probability"] for answer in whole] == pytest.approx(
        [answer["probability"] for answer in alone], abs=1e-5
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tasks": {"a b": MOOD}}, "names of tasks are letters"),
        ({"weights": {"mod": 2}}, "there is no task 'mod'; there are: mood, length"),
        ({"tasks": {"x": {"kind": "multi", "tasks": {"mood": MOOD}}}}, "no other mixture"),
    ],
)
def test_a_wrong_mixture_is_refused(
    two: Path, bert: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(RecipeError, match=message):
        load_recipe(values(two, bert, **changes))
