"""Stopped or killed at any moment, a run resumed equals one never stopped, bit for bit."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from tests.helpers import cli, recipe

import luthier
from luthier.core.errors import Interrupted, RunError
from luthier.pipeline import Listener, resume_run, tune
from luthier.recipe.load import load_recipe, recipe_text
from luthier.runs import Run, State, list_runs
from luthier.train.events import Event, Stepped


def values_for(news: Path, bert: Path, **changes: Any) -> dict[str, Any]:
    changes.setdefault("training__epochs", 3)
    changes.setdefault("training__save_every", 3)
    return recipe(news, bert, training__dropout=0.1, **changes)


def weights(run: Run) -> dict[str, torch.Tensor]:
    (file,) = run.model.glob("*.safetensors")
    return load_file(file)


def assert_same(left: Run, right: Run) -> None:
    ours, theirs = weights(left), weights(right)
    assert ours.keys() == theirs.keys()
    for name in ours:
        assert torch.equal(ours[name], theirs[name]), name
    assert left.verdict()["metrics"] == right.verdict()["metrics"]


class Stop(Exception):
    """Stands for a crash between two events."""


def crash_at(step: int) -> Listener:
    def watch(event: Event) -> None:
        if isinstance(event, Stepped) and event.step == step:
            raise Stop

    return Listener(on_event=watch)


@pytest.mark.parametrize("step", [1, 5, 9])
def test_crash_and_resume(bert: Path, news: Path, tmp_path: Path, step: int) -> None:
    values = values_for(news, bert)
    whole = luthier.tune(values, runs_dir=tmp_path / "whole")
    with pytest.raises(Stop):
        tune(load_recipe(values), tmp_path / "cut", listener=crash_at(step))
    (cut,) = list_runs(tmp_path / "cut")
    assert cut.state() is not State.FINISHED
    assert_same(resume_run(cut), whole)


def test_same_recipe_gives_the_same_weights(bert: Path, news: Path, tmp_path: Path) -> None:
    values = values_for(news, bert)
    first, second = (luthier.tune(values, runs_dir=tmp_path / name) for name in ("a", "b"))
    assert_same(first, second)


def test_another_seed_gives_other_weights(bert: Path, news: Path, tmp_path: Path) -> None:
    first = luthier.tune(values_for(news, bert), runs_dir=tmp_path / "a")
    other = luthier.tune(values_for(news, bert, training__seed=1), runs_dir=tmp_path / "b")
    name = "classifier.weight"
    assert not torch.equal(weights(first)[name], weights(other)[name])


def test_early_stopping_survives_a_crash(bert: Path, news: Path, tmp_path: Path) -> None:
    values = values_for(news, bert, training__epochs=8, training__early_stopping={"patience": 1})
    whole = luthier.tune(values, runs_dir=tmp_path / "whole")
    with pytest.raises(Stop):
        tune(load_recipe(values), tmp_path / "cut", listener=crash_at(7))
    (cut,) = list_runs(tmp_path / "cut")
    assert_same(resume_run(cut), whole)


def test_sigterm_saves_and_says_how_to_go_on(bert: Path, news: Path, tmp_path: Path) -> None:
    values = values_for(news, bert)
    whole = luthier.tune(values, runs_dir=tmp_path / "whole")

    def ask_to_stop(event: Event) -> None:
        if isinstance(event, Stepped) and event.step == 4:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(Interrupted, match="nothing is lost") as stopped:
        tune(load_recipe(values), tmp_path / "cut", listener=Listener(on_event=ask_to_stop))
    (cut,) = list_runs(tmp_path / "cut")
    assert str(cut.path) in str(stopped.value)
    assert_same(luthier.tune(values, runs_dir=tmp_path / "cut", resume=True), whole)


def test_resume_needs_the_same_recipe(bert: Path, news: Path, tmp_path: Path) -> None:
    values = values_for(news, bert)
    with pytest.raises(Stop):
        tune(load_recipe(values), tmp_path / "cut", listener=crash_at(2))
    values["training"]["learning_rate"] = 1e-3
    with pytest.raises(RunError, match="no unfinished run of this recipe"):
        luthier.tune(values, runs_dir=tmp_path / "cut", resume=True)


def test_damaged_checkpoint_is_refused(bert: Path, news: Path, tmp_path: Path) -> None:
    with pytest.raises(Stop):
        tune(load_recipe(values_for(news, bert)), tmp_path / "cut", listener=crash_at(5))
    (cut,) = list_runs(tmp_path / "cut")
    (file,) = cut.path.glob("stages/*/checkpoints/last/optimizer.safetensors")
    file.write_bytes(file.read_bytes()[:-1] + b"\x00")
    with pytest.raises(RunError, match="damaged"):
        resume_run(cut)


def test_run_that_is_being_written_is_left_alone(bert: Path, news: Path, tmp_path: Path) -> None:
    with pytest.raises(Stop):
        tune(load_recipe(values_for(news, bert)), tmp_path / "cut", listener=crash_at(2))
    (cut,) = list_runs(tmp_path / "cut")
    living = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        (cut.path / "lock.json").write_text(json.dumps({"pid": living.pid}))
        with pytest.raises(RunError, match="being written"):
            resume_run(cut)
    finally:
        living.kill()


def test_stages_go_on_from_the_finished_one(bert: Path, news: Path, tmp_path: Path) -> None:
    one = values_for(news, bert)
    stage = {key: value for key, value in one.items() if key != "name"}
    second = {key: value for key, value in stage.items() if key != "base"}
    values = {"name": "two", "stages": [{"name": "a", **stage}, {"name": "b", **second}]}
    whole = luthier.tune(values, runs_dir=tmp_path / "whole")
    seen: list[str] = []

    def in_second(event: Event) -> None:
        if isinstance(event, Stepped) and event.step == 2:
            seen.append("step")
            if len(seen) == 2:
                raise Stop

    with pytest.raises(Stop):
        tune(load_recipe(values), tmp_path / "cut", listener=Listener(on_event=in_second))
    (cut,) = list_runs(tmp_path / "cut")
    assert_same(resume_run(cut), whole)


@pytest.mark.slow
def test_killed_at_ten_random_moments(news: Path, bert: Path, tmp_path: Path) -> None:
    file = tmp_path / "recipe.yaml"
    file.write_text(recipe_text(values_for(news, bert, training__epochs=30)))
    started = time.monotonic()
    assert cli("tune", file, "--runs-dir", tmp_path / "whole").returncode == 0
    usual = time.monotonic() - started
    (whole,) = list_runs(tmp_path / "whole")
    choose = random.Random(0)
    for attempt in range(10):
        runs = tmp_path / f"cut{attempt}"
        arguments = [sys.executable, "-m", "luthier", "tune", str(file), "--runs-dir", str(runs)]
        process = subprocess.Popen(arguments, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        time.sleep(usual * choose.uniform(0.1, 0.98))
        process.kill()
        process.wait()
        found = list_runs(runs)
        if found and found[0].state() is State.FINISHED:
            continue
        resume = ["--resume"] if found else []
        done = cli("tune", file, "--runs-dir", runs, *resume)
        assert done.returncode == 0, done.stderr
        assert_same(list_runs(runs)[0], whole)
