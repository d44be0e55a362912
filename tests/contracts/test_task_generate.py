"""The task generate: learned to the end, saved, reloaded, resumed; in transformers the same."""

from __future__ import annotations

import contextlib
import io
import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from tests.helpers import here, recipe
from tests.tiny import write_base

import luthier
from luthier.pipeline import Listener, resume_run, tune
from luthier.recipe.load import load_recipe
from luthier.runs import Run, list_runs
from luthier.train.events import Event, Stepped

LETTERS, FILLER = list("abcdefgh"), list("uvwxyz")
CAPITALS = {letter: letter.upper() for letter in LETTERS}
WRITERS = {"gpt2": 5, "t5": 6}
"""Family to the passes that it learns in."""


def spelled(count: int, seed: int) -> list[dict[str, str]]:
    """Rows with one letter after others that say nothing; the target has capitals from it on."""
    choose = random.Random(seed)
    rows: dict[str, str] = {}
    while len(rows) < count:
        place = choose.randrange(len(LETTERS))
        words = [*choose.choices(FILLER, k=choose.randint(0, 4)), LETTERS[place]]
        rows[" ".join(words)] = " ".join((LETTERS * 2)[place : place + 1 + place % 3]).upper()
    return [{"en": source, "fr": target} for source, target in rows.items()]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("pairs") / "pairs.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in spelled(200, 1)), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def writers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("writers")
    words = [*LETTERS, *FILLER, *CAPITALS.values(), "translate", ":"]
    return {kind: write_base(kind, folder / kind, words) for kind in WRITERS}


def values_for(data: Path, base: Path, **changes: Any) -> dict[str, Any]:
    task = {"kind": "generate", "use": "translate", "max_target_length": 10, "metrics": ["chrf"]}
    changes = {"training__learning_rate": 1e-2, "training__batch_size": 16, **changes}
    return recipe(data, base, task=task, **changes)


@pytest.fixture(scope="module")
def runs(
    data: Path, writers: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Run]:
    folder = tmp_path_factory.mktemp("runs")
    return {
        kind: luthier.tune(
            values_for(data, base, training__epochs=WRITERS[kind]), runs_dir=folder / kind
        )
        for kind, base in writers.items()
    }


def with_the_card(run: Run, texts: list[str], folder: Any) -> list[str]:
    """What the lines of the model card write, which know nothing of luthier."""
    card = (run.path / "README.md").read_text(encoding="utf-8")
    (lines,) = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    assert "luthier" not in lines
    folder.chdir(run.path)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        for text in texts:
            exec(lines.replace("...", text, 1), {})
    return said.getvalue().splitlines()


@pytest.mark.parametrize("kind", WRITERS)
def test_family_learns_and_ends(runs: dict[str, Run], kind: str) -> None:
    metrics = {name: m["value"] for name, m in runs[kind].verdict()["metrics"].items()}
    losses = [event["loss"] for event in runs[kind].events() if event["event"] == "Stepped"]
    assert sum(losses[-5:]) < 0.7 * sum(losses[:5])
    assert metrics["ended"] == 1.0
    if kind == "t5":
        assert metrics["chrf"] > 80, metrics
        assert runs[kind].verdict()["verdict"]["beats_baseline"]


@pytest.mark.parametrize("kind", WRITERS)
def test_family_writes_the_same_in_transformers(
    runs: dict[str, Run], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [row["en"] for row in spelled(8, 2)]
    ours = [answer["answer"] for answer in luthier.load(runs[kind]).predict(texts)]
    assert with_the_card(runs[kind], texts, monkeypatch) == ours
    assert len(set(ours)) > 1


def test_measured_again_exported_and_reported(
    runs: dict[str, Run], tmp_path: Path, data: Path
) -> None:
    run = runs["t5"]
    first = {name: m["value"] for name, m in run.verdict()["metrics"].items()}
    again = luthier.evaluate(run, batch_size=3)["metrics"]
    assert {name: m["value"] for name, m in again.items()} == pytest.approx(first, abs=1e-5)
    folder = luthier.export(run, tmp_path / "out")
    assert luthier.load(folder).predict(["a b"]) == luthier.load(run).predict(["a b"])
    other = luthier.evaluate(run, str(data))
    assert other["rows"] == 200
    (report,) = run.path.glob("stages/*/report.json")
    said = json.loads(report.read_text(encoding="utf-8"))
    scores = [sample["score"] for sample in said["samples"]]
    assert len(scores) == 12
    assert scores == sorted(scores)
    assert said["audit"]["tasks"][""]["stop_trained"] == 1.0
    assert said["audit"]["tasks"][""]["served_alike"] == 1.0
    assert said["audit"]["tasks"][""]["targets_cut"] == 0
    assert said["metric"] == "loss"
    page = report.with_suffix(".html").read_text(encoding="utf-8")
    assert "What it writes" in page
    done = here("predict", run.path, "--text", "a b c", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["predictions"][0]["ended"] is True, done.stderr


def test_cut_targets_are_told_and_the_best_may_be_picked_by_writing(
    data: Path, writers: dict[str, Path], tmp_path: Path
) -> None:
    values = values_for(data, writers["t5"], training__max_steps=1, evaluation__best="chrf")
    values["task"] |= {"watched_rows": 10, "max_target_length": 2}
    run = luthier.tune(values, runs_dir=tmp_path)
    (evaluated,) = [event for event in run.events() if event["event"] == "Evaluated"]
    assert evaluated["metric"] == "chrf"
    assert {"chrf", "loss", "ended"} <= evaluated["metrics"].keys()
    found = json.loads(next(run.path.glob("stages/*/audit.json")).read_text(encoding="utf-8"))
    assert found["tasks"][""]["targets_cut"] > 60
    fixes = [finding["fix"] for finding in found["findings"]]
    assert "task.max_target_length=4" in fixes
    assert found["tasks"][""]["stop_trained"] < 0.5


def test_adapters_learn_and_load_through_peft(
    data: Path, writers: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = values_for(data, writers["t5"], training__epochs=2)
    values["techniques"] = [{"kind": "lora", "r": 8}]
    run = luthier.tune(values, runs_dir=tmp_path / "runs")
    losses = [event["loss"] for event in run.events() if event["event"] == "Stepped"]
    assert losses[-1] < 0.95 * losses[0]
    ours = [answer["answer"] for answer in luthier.load(run).predict(["a b", "c"])]
    assert with_the_card(run, ["a b", "c"], monkeypatch) == ours


class Stop(Exception):
    """Stands for a crash between two events."""


def stop(event: Event) -> None:
    if isinstance(event, Stepped) and event.step == 5:
        raise Stop


def test_crash_and_resume(data: Path, writers: dict[str, Path], tmp_path: Path) -> None:
    values = values_for(data, writers["t5"], training__epochs=1, training__save_every=2)
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
