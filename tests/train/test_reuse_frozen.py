"""What frozen layers give is computed once, and training is what it was without."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tests.conftest import table
from tests.contracts.test_resume import Stop, assert_same, crash_at
from tests.helpers import recipe
from tests.images import KINDS, image_recipe, write_image_base, write_images

import luthier
from luthier.data.images import open_image
from luthier.data.prepared import Prepared
from luthier.models.prefix import row_keys
from luthier.pipeline import resume_run, tune
from luthier.recipe.load import load_recipe
from luthier.runs import Run, list_runs
from luthier.tasks.imaging import pictures

HALF = {"kind": "freeze", "lowest": 2}
HEAD = {"kind": "freeze", "all_but_head": True}


def values_for(news: Path, base: Path, technique: dict[str, Any], **more: Any) -> dict[str, Any]:
    return recipe(news, base, techniques=[technique], training__epochs=2, **more)


def reused(run: Run) -> dict[str, Any] | None:
    return next((event for event in run.events() if event["event"] == "Reused"), None)


def losses(run: Run) -> list[float]:
    return [event["loss"] for event in run.events() if event["event"] == "Stepped"]


@pytest.mark.parametrize(
    ("kind", "technique", "layers"),
    [("bert", HALF, 1), ("bert", HEAD, 2), ("gpt2", HALF, 1), ("llama", HEAD, 2)],
)
def test_losses_and_answers_are_those_without(
    bases: dict[str, Path], news: Path, tmp_path: Path, kind: str, technique: dict[str, Any],
    layers: int,
) -> None:  # fmt: skip
    values = values_for(news, bases[kind], technique)
    once = luthier.tune(values, runs_dir=tmp_path / "once")
    told = reused(once)
    assert told is not None
    assert (told["layers"], told["uses"]) == (layers, 2.0)
    assert told["computed"] > told["rows"] > 100
    values["training"]["reuse_frozen"] = False
    always = luthier.tune(values, runs_dir=tmp_path / "always")
    assert reused(always) is None
    assert losses(once) == pytest.approx(losses(always), abs=1e-5)
    texts = [text for text, _ in table(30, seed=9)]
    ours, theirs = (luthier.load(run).predict(texts) for run in (once, always))
    for mine, other in zip(ours, theirs, strict=True):
        assert mine["probabilities"] == pytest.approx(other["probabilities"], abs=1e-4)
    assert once.verdict()["metrics"]["accuracy"] == always.verdict()["metrics"]["accuracy"]


def test_later_runs_use_what_is_there(
    bert: Path, news: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUTHIER_CACHE", str(tmp_path / "cache"))
    values = values_for(news, bert, HALF)
    first, second = (luthier.tune(values, runs_dir=tmp_path / name) for name in ("a", "b"))
    told = [reused(run) for run in (first, second)]
    assert told[0] and told[1]
    assert told[0]["computed"] > told[1]["computed"] == 0
    assert_same(second, first)
    report = (second.path / "stages/0-main/report.html").read_text(encoding="utf-8")
    assert "as an earlier run had computed them" in report


def test_crash_and_resume(bert: Path, news: Path, tmp_path: Path) -> None:
    values = values_for(news, bert, HALF, training__dropout=0.1)
    whole = luthier.tune(values, runs_dir=tmp_path / "whole")
    with pytest.raises(Stop):
        tune(load_recipe(values), tmp_path / "cut", listener=crash_at(12))
    (cut,) = list_runs(tmp_path / "cut")
    assert_same(resume_run(cut), whole)


@pytest.mark.parametrize(
    ("kind", "technique"),
    [("bert", {"kind": "freeze", "layers": [1]}), ("bert", {"kind": "gradual_unfreeze"}),
     ("bert", {"kind": "lora", "r": 2}), ("t5", HEAD)],
)  # fmt: skip
def test_nothing_is_kept_where_the_lowest_layers_move(
    bases: dict[str, Path], news: Path, tmp_path: Path, kind: str, technique: dict[str, Any]
) -> None:
    values = values_for(news, bases[kind], technique)
    values["training"] |= {"max_steps": 18, "evaluate_every": 18}
    assert reused(luthier.tune(values, runs_dir=tmp_path)) is None


def test_one_epoch_does_not_pay(bert: Path, news: Path, tmp_path: Path) -> None:
    values = values_for(news, bert, HALF)
    values["training"]["epochs"] = 1
    assert reused(luthier.tune(values, runs_dir=tmp_path)) is None


def test_rows_are_known_by_their_tokens_alone() -> None:
    ids = torch.tensor([[5, 6, 7, 0], [5, 6, 0, 0]])
    mask = (ids > 0).long()
    long, short = row_keys(ids, mask, None)
    assert long != short
    assert row_keys(ids[1:, :2], mask[1:, :2], None) == [short]
    assert row_keys(ids, mask, torch.zeros_like(ids)) != [long, short]
    assert row_keys(ids.flip(1), mask.flip(1), None) is None


def image_values(
    folder: Path, base: Path, technique: dict[str, Any], augment: str = "none"
) -> dict[str, Any]:
    values = image_recipe(folder, base, task={"kind": "image", "augment": augment})
    values["techniques"] = [technique]
    values["training"] |= {"epochs": 3, "learning_rate": 1e-2}
    return values


@pytest.mark.parametrize("kind", KINDS)
def test_images_go_through_a_frozen_base_once(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_images(tmp_path / "shapes", 90)
    values = image_values(folder, write_image_base(kind, tmp_path / "base"), HEAD)
    opened: list[str] = []

    def count(value: dict[str, Any]) -> Any:
        opened.append(value["path"])
        return open_image(value)

    monkeypatch.setattr(pictures, "open_image", count)
    once = luthier.tune(values, runs_dir=tmp_path / "once")
    told = reused(once)
    assert told is not None
    assert told["uses"] == 3.0
    for split in ("train", "test"):
        rows = Prepared.load(once.path / "stages/0-main/data").splits[split]
        most = max(opened.count(image["path"]) for image in rows["image"])
        # Those on which the network is tried with and without stand for all: a few more times.
        assert most <= 3
    values["training"]["reuse_frozen"] = False
    always = luthier.tune(values, runs_dir=tmp_path / "always")
    assert reused(always) is None
    assert losses(once) == pytest.approx(losses(always), abs=1e-5)
    others = [str(file) for file in sorted(folder.rglob("*.png"))[:20]]
    ours, theirs = (luthier.load(run).predict(others) for run in (once, always))
    for mine, other in zip(ours, theirs, strict=True):
        assert mine["probabilities"] == pytest.approx(other["probabilities"], abs=1e-4)


def test_image_runs_go_on_as_if_never_stopped(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "shapes", 90)
    values = image_values(folder, write_image_base("resnet", tmp_path / "base"), HEAD)
    whole = luthier.tune(values, runs_dir=tmp_path / "whole")
    with pytest.raises(Stop):
        tune(load_recipe(values), tmp_path / "cut", listener=crash_at(7))
    (cut,) = list_runs(tmp_path / "cut")
    assert_same(resume_run(cut), whole)


@pytest.mark.parametrize(("technique", "augment"), [(HEAD, "light"), (HALF, "none")])
def test_changed_images_and_half_frozen_bases_are_computed_each_time(
    technique: dict[str, Any], augment: str, tmp_path: Path
) -> None:
    folder = write_images(tmp_path / "shapes", 60)
    base = write_image_base("resnet", tmp_path / "base")
    run = luthier.tune(image_values(folder, base, technique, augment), runs_dir=tmp_path / "runs")
    assert reused(run) is None
