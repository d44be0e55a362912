"""Pre-training from end to end: what comes of it is a base; stopped or killed, nothing is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from tests.contracts.test_resume import Stop, assert_same, crash_at
from tests.helpers import here, loaded_tool, recipe
from tests.models.test_new import NOTES

import luthier
from luthier.core.errors import ModelError
from luthier.models import bases
from luthier.models.load import load_bare
from luthier.pipeline import resume_run, tune
from luthier.recipe.load import load_recipe, recipe_text
from luthier.runs import Run, State, list_runs
from luthier.tasks.modelling.modeller import Modeller


def values_for(family: str = "decoder", **training: Any) -> dict[str, Any]:
    new = {"family": family, "width": 32, "layers": 1, "tokenizer": {"vocabulary": 420}}
    return {
        "name": f"notes-{family}",
        "base": {"new": new},
        "task": {"kind": "language_model", "max_length": 32, "samples": 1},
        "data": {
            "train": str(NOTES), "profile": "corpus",
            "split": {"validation": 0.1, "test": 0.1},
        },
        "training": {
            "epochs": 2, "batch_size": 16, "learning_rate": 1e-2, "precision": "fp32",
            "schedule": {"kind": "wsd", "warmup": 0.1}, "save_every": 4, **training,
        },
        "evaluation": {"resamples": 100},
    }  # fmt: skip


def events(run: Run, kind: str) -> list[dict[str, Any]]:
    return [event for event in run.events() if event["event"] == kind]


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, list[tuple[int, list[int]]]]:
    """A run that nothing stopped, and which blocks each step saw."""
    with pytest.MonkeyPatch.context() as patch:
        seen = watched(patch)
        run = luthier.tune(values_for(), runs_dir=tmp_path_factory.mktemp("runs"))
    return run, seen


def watched(patch: pytest.MonkeyPatch) -> list[tuple[int, list[int]]]:
    """The step and the blocks of every micro-batch that is made, as they are."""
    seen: list[tuple[int, list[int]]] = []
    whole = Modeller.collate_to_train

    def collate(self: Modeller, examples: Sequence[Any], seeds: Sequence[int]) -> Any:
        seen.append((seeds[1], [int(one["number"]) for one in examples]))
        return whole(self, examples, seeds)

    patch.setattr(Modeller, "collate_to_train", collate)
    return seen


def test_a_base_comes_of_it(decoder: tuple[Run, Any], tmp_path: Path) -> None:
    run, _ = decoder
    verdict = run.verdict()
    assert verdict["headline"] == "bits_per_byte"
    assert luthier.evaluate(run)["metrics"]["loss"]["value"] == pytest.approx(
        verdict["metrics"]["loss"]["value"], abs=1e-6
    )
    losses = [event["loss"] for event in events(run, "Stepped")]
    assert losses[-1] < losses[0] - 1
    (text,) = events(run, "Sampled")[-1]["texts"]
    assert text
    network = transformers.AutoModelForCausalLM.from_pretrained(run.model)
    assert network.config.model_type == "llama"
    assert network.config.use_cache
    assert not (run.path / "stages" / "0-main" / "tokens").exists()
    further = values_for(learning_rate=1e-3, max_steps=2) | {"base": f"run:{run.name}"}
    again = luthier.tune(further, runs_dir=run.path.parent.parent)
    assert events(again, "Stepped")[0]["loss"] < losses[-1] + 0.2
    assert luthier.evaluate(run, str(NOTES))["rows"] > 40
    answer = luthier.load(run).predict(["The glue is warm."])[0]
    assert answer["bits_per_byte"] > 0


def test_stopped_it_goes_on_the_same_and_misses_no_block(
    decoder: tuple[Run, list[tuple[int, list[int]]]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    whole, seen = decoder
    steps = max(step for step, _ in seen) // 2 + 1
    for epoch in (0, 1):
        blocks = sorted(one for step, some in seen if step // steps == epoch for one in some)
        assert blocks == list(range(len(blocks)))
    watching = watched(monkeypatch)
    with pytest.raises(Stop):
        tune(load_recipe(values_for()), tmp_path, listener=crash_at(steps + 2))
    (cut,) = list_runs(tmp_path)
    assert_same(resume_run(cut), whole)
    # A resumed run takes the steps after its checkpoint again, with the same blocks.
    assert {step: tuple(some) for step, some in watching} == {
        step: tuple(some) for step, some in seen
    }


@pytest.mark.parametrize("family", ["encoder", "encoder_decoder"])
def test_other_families(family: str, tmp_path: Path) -> None:
    run = luthier.tune(values_for(family, max_steps=12), runs_dir=tmp_path)
    losses = [event["loss"] for event in events(run, "Stepped")]
    assert losses[-1] < losses[0]
    with pytest.raises(Stop):
        tune(
            load_recipe(values_for(family, max_steps=12)),
            tmp_path / "cut",
            listener=crash_at(7),
        )
    (cut,) = list_runs(tmp_path / "cut")
    assert_same(resume_run(cut), run)


def test_an_encoder_is_tuned_on(news: Path, tmp_path: Path) -> None:
    luthier.tune(values_for("encoder", max_steps=2), runs_dir=tmp_path)
    values = recipe(news, "run:notes-encoder")
    values["training"] |= {"max_steps": 2}
    assert luthier.tune(values, runs_dir=tmp_path).verdict()["metrics"]["accuracy"]


def test_activations_computed_again_give_the_same(decoder: tuple[Run, Any], tmp_path: Path) -> None:
    run, _ = decoder
    lean = luthier.tune(values_for(gradient_checkpointing=True), runs_dir=tmp_path)
    assert_same(lean, run)


def test_budgets(tmp_path: Path) -> None:
    run = luthier.tune(values_for(epochs=1, max_training_tokens=2048), runs_dir=tmp_path)
    assert sum(event["tokens"] for event in events(run, "Stepped")) == pytest.approx(2048, rel=0.3)
    run = luthier.tune(values_for(max_minutes=0.03), runs_dir=tmp_path / "minutes")
    steps = events(run, "Stepped")
    assert json.loads((run.path / "stages/0-main/measured.json").read_text())["training"][
        "seconds"
    ] == pytest.approx(1.8, abs=1.5)
    # The rate has fallen when the time is over, whatever the machine made of it.
    assert steps[-1]["lr"] < 0.6 * max(step["lr"] for step in steps)
    with pytest.raises(Exception, match="one of max_steps"):
        load_recipe(values_for(max_steps=1, max_minutes=1.0))


def test_the_verb_takes_texts_and_settings(tmp_path: Path) -> None:
    text = NOTES.read_text(encoding="utf-8")
    (tmp_path / "notes.txt").write_text(text, encoding="utf-8")
    small = ["base.new.tokenizer.vocabulary=400", "base.new.width=32", "base.new.layers=1"]
    few = ["task.max_length=32", "training.max_steps=2", "--json"]
    said = json.loads(here("pretrain", "notes.txt", *small, *few, cwd=tmp_path).stdout)
    assert said["metrics"]["bits_per_byte"]["value"] > 0
    assert said["tokenizer"]["languages"]["zh"]["coverage"] == 1.0
    further = ["base=run:pretrain-notes", "name=further"]
    said = json.loads(here("pretrain", "notes.txt", *further, *few, cwd=tmp_path).stdout)
    assert said["tokenizer"] is None
    assert said["name"] == "further"
    done = here("pretrain", "training.max_steps=2", cwd=tmp_path)
    assert "neither a recipe nor a text" in done.stderr
    done = here("pretrain", "workshop-notes", "notes.txt", cwd=tmp_path)
    assert "names its texts itself" in done.stderr


@pytest.mark.slow
def test_killed_it_goes_on_the_same(decoder: tuple[Run, Any], tmp_path: Path) -> None:
    file = tmp_path / "notes.yaml"
    file.write_text(recipe_text(values_for()))
    command = [sys.executable, "-m", "luthier", "pretrain", str(file), "--runs-dir"]
    process = subprocess.Popen([*command, str(tmp_path / "cut")], stderr=subprocess.DEVNULL)
    while len(_logged(tmp_path / "cut")) < 9:
        time.sleep(0.05)
        assert process.poll() is None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    (cut,) = list_runs(tmp_path / "cut")
    assert cut.state() is not State.FINISHED
    done = subprocess.run([*command, str(tmp_path / "cut"), "--resume"], check=False)
    assert done.returncode == 0
    assert_same(list_runs(tmp_path / "cut")[0], decoder[0])


def _logged(runs: Path) -> list[str]:
    return [line for file in runs.glob("*/*/events.jsonl") for line in file.open()]


def test_a_shipped_base_is_found_by_its_name(
    decoder: tuple[Run, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The tool that ships a base, on a small one: pieces in bf16 that load in fp32."""
    tool = loaded_tool("ship_base")
    monkeypatch.setattr(tool, "SHARD", "20KB")
    folder = tool.ship(decoder[0], "luthier-tiny", 0.1, tmp_path)
    assert len(list(folder.glob("*.safetensors"))) > 1
    assert "bits per byte" in (folder / "README.md").read_text()
    monkeypatch.setattr(bases, "SHIPPED", tmp_path)
    base = bases.resolve("luthier-tiny", folder=Path(), find_run=Path)
    assert base.origin == "built-in"
    assert "luthier-tiny" in bases.built_in()
    network, missing = load_bare(base, "AutoModelForCausalLM")
    assert (network.dtype, missing) == (torch.float32, [])
    (folder / "config.json").write_text("{}")
    with pytest.raises(ModelError, match="not those that were shipped"):
        bases.resolve("luthier-tiny", folder=Path(), find_run=Path)
