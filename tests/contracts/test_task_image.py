"""Image classification from end to end: every kind of network, on drawn shapes."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import peft
import pytest
import torch
import transformers
from PIL import Image
from safetensors.torch import load_file
from tests.contracts.test_resume import Stop, assert_same, crash_at, weights
from tests.helpers import here
from tests.images import KINDS, SHAPES, image_recipe, write_image_base, write_images

import luthier
from luthier.core.errors import RecipeError
from luthier.pipeline import resume_run, tune
from luthier.recipe.load import load_recipe
from luthier.runs import Run, list_runs

ACCURACY = {"resnet": 0.8, "convnext": 0.55, "vit": 0.5}
"""Reached in seconds from random weights; answering without a model gives a third."""


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_images(tmp_path_factory.mktemp("shapes"), 150)


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("image-bases")
    return {kind: write_image_base(kind, folder / kind) for kind in KINDS}


@pytest.fixture(scope="module")
def tuned(
    shapes: Path, bases: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Run]:
    runs = tmp_path_factory.mktemp("runs")
    return cache(lambda kind: luthier.tune(image_recipe(shapes, bases[kind]), runs_dir=runs))


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Images that no model has seen."""
    folder = write_images(tmp_path_factory.mktemp("others"), 12, seed=9)
    return [str(file) for file in sorted(folder.rglob("*.png"))]


def probabilities(answers: list[dict[str, Any]]) -> torch.Tensor:
    return torch.tensor([list(answer["probabilities"].values()) for answer in answers])


def said_by_transformers(network: Any, folder: Path, files: list[str]) -> torch.Tensor:
    """What the network says of images, one at a time, read by transformers' own processor."""
    processor = transformers.AutoImageProcessor.from_pretrained(folder, backend="pil")
    images = [processor(Image.open(file).convert("RGB"), return_tensors="pt") for file in files]
    with torch.no_grad():
        return torch.cat([network(**image).logits.double().softmax(-1) for image in images])


@pytest.mark.parametrize("kind", KINDS)
def test_learns_and_measures_the_same_when_loaded_again(
    tuned: Callable[[str], Run], kind: str
) -> None:
    run = tuned(kind)
    verdict = run.verdict()
    assert verdict["metrics"]["accuracy"]["value"] >= ACCURACY[kind]
    again = luthier.evaluate(run)["metrics"]
    for name, metric in verdict["metrics"].items():
        assert again[name]["value"] == pytest.approx(metric["value"], abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_answers_do_not_depend_on_the_batch(
    tuned: Callable[[str], Run], others: list[str], kind: str
) -> None:
    predictor = luthier.load(tuned(kind))
    single, some, all_ = (
        probabilities(predictor.predict(others, batch_size=size)) for size in (1, 5, 64)
    )
    torch.testing.assert_close(single, some, atol=1e-6, rtol=0)
    torch.testing.assert_close(single, all_, atol=1e-6, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_transformers_alone_gives_the_same_numbers(
    tuned: Callable[[str], Run], others: list[str], kind: str
) -> None:
    run = tuned(kind)
    network = transformers.AutoModelForImageClassification.from_pretrained(run.model).eval()
    assert list(network.config.id2label.values()) == sorted(SHAPES)
    ours = probabilities(luthier.load(run).predict(others))
    theirs = said_by_transformers(network, run.model, others)
    torch.testing.assert_close(ours, theirs.float(), atol=1e-5, rtol=0)


@pytest.mark.parametrize(("kind", "step"), [("resnet", 3), ("vit", 5)])
def test_crash_and_resume(
    shapes: Path, bases: dict[str, Path], tmp_path: Path, kind: str, step: int
) -> None:
    values = image_recipe(
        shapes, bases[kind], techniques=[{"kind": "freeze", "lowest": 1}],
        task={"kind": "image", "augment": "strong", "mix": {"kind": "cutmix", "alpha": 1.0}},
        training__epochs=1, training__save_every=2,
    )  # fmt: skip
    whole = luthier.tune(values, runs_dir=tmp_path / "whole")
    with pytest.raises(Stop):
        tune(load_recipe(values), tmp_path / "cut", listener=crash_at(step))
    (cut,) = list_runs(tmp_path / "cut")
    assert_same(resume_run(cut), whole)


def test_a_frozen_body_stays_bit_by_bit(
    shapes: Path, bases: dict[str, Path], tmp_path: Path
) -> None:
    values = image_recipe(
        shapes, bases["resnet"], techniques=[{"kind": "freeze", "all_but_head": True}],
        training__epochs=2,
    )  # fmt: skip
    run = luthier.tune(values, runs_dir=tmp_path / "runs")
    before = load_file(bases["resnet"] / "model.safetensors")
    after = weights(run)
    body = [name for name in after if not name.startswith("classifier.")]
    assert any(name.endswith("running_var") for name in body)
    for name in body:
        old = before[name.removeprefix("resnet.")]
        assert torch.equal(after[name], old), name


@pytest.mark.parametrize(("kind", "targets"), [("vit", "all-linear"), ("resnet", ["convolution"])])
def test_adapters_learn_and_load_through_peft(
    shapes: Path, bases: dict[str, Path], others: list[str], tmp_path: Path, kind: str,
    targets: Any,
) -> None:  # fmt: skip
    lora = {"kind": "lora", "r": 4, "target_modules": targets}
    values = image_recipe(shapes, bases[kind], techniques=[lora], training__epochs=2)
    run = luthier.tune(values, runs_dir=tmp_path / "runs")
    assert (run.model / "adapter_config.json").is_file()
    ours = probabilities(luthier.load(run).predict(others))
    base = peft.PeftConfig.from_pretrained(run.model).base_model_name_or_path
    network = transformers.AutoModelForImageClassification.from_pretrained(
        base, num_labels=3, ignore_mismatched_sizes=True
    )
    loaded = peft.PeftModel.from_pretrained(network, run.model).eval()
    theirs = said_by_transformers(loaded, run.model, others)
    torch.testing.assert_close(ours, theirs.float(), atol=1e-5, rtol=0)


def test_lora_that_finds_nothing_says_what_to_do(
    shapes: Path, bases: dict[str, Path], tmp_path: Path
) -> None:
    values = image_recipe(shapes, bases["resnet"], techniques=[{"kind": "lora"}])
    with pytest.raises(RecipeError, match="cannot adapt this base"):
        luthier.tune(values, runs_dir=tmp_path / "runs")


def test_new_then_a_run_as_base_with_other_classes(tmp_path: Path) -> None:
    first = write_images(tmp_path / "first", 60)
    second = write_images(tmp_path / "second", 60, seed=3)
    for file in (second / "ring").iterdir():
        file.rename(second / "disc" / file.name)
    (second / "ring").rmdir()
    size = {"kind": "image", "size": 32}
    values = image_recipe(first, "new", name="first", task=size, training__epochs=1)
    run = luthier.tune(values, runs_dir=tmp_path / "runs")
    frozen = [{"kind": "freeze", "all_but_head": True}]
    stages = [
        {"name": "frozen", "base": "run:first", "techniques": frozen},
        {"name": "whole", "techniques": [{"kind": "discriminative", "decay": 0.5}]},
    ]
    common = {"task": size, "data": {"train": str(second)}, "training": {"epochs": 1}}
    values = {"name": "second", "stages": [{**common, **stage} for stage in stages]}
    next_run = luthier.tune(values, runs_dir=tmp_path / "runs")
    assert len(weights(run)["classifier.1.weight"]) == 3
    assert len(weights(next_run)["classifier.1.weight"]) == 2
    files = [str(file) for file in sorted((second / "disc").iterdir())[:2]]
    assert {*luthier.load(next_run).predict(files)[0]["probabilities"]} == {"disc", "square"}
    processor = json.loads((next_run.model / "preprocessor_config.json").read_text())
    assert processor["size"] == {"height": 32, "width": 32}


def test_a_new_base_is_not_adapted(shapes: Path) -> None:
    with pytest.raises(RecipeError, match="lora adapts a trained base"):
        load_recipe(image_recipe(shapes, "new", techniques=[{"kind": "lora"}]))


def test_tables_of_paths_to_learn_from_and_to_predict(
    shapes: Path, bases: dict[str, Path], tmp_path: Path
) -> None:
    table = shapes / "table.csv"
    files = sorted(shapes.rglob("*.png"))
    with table.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file_name", "shape"])
        writer.writerows([f.relative_to(shapes).as_posix(), f.parent.name] for f in files)
    try:
        values = image_recipe(table, bases["resnet"], training__epochs=1)
        run = luthier.tune(values, runs_dir=tmp_path / "runs")
        folder, listed = (
            here("predict", run.path, "--input", given, "--json", cwd=tmp_path)
            for given in (shapes, table)
        )
    finally:
        table.unlink()
    assert folder.returncode == 0, folder.stderr
    answers = [json.loads(done.stdout)["predictions"] for done in (folder, listed)]
    assert len(answers[0]) == len(answers[1]) == len(files)
    assert [a["label"] for a in answers[0]] == [a["label"] for a in answers[1]]
    one = here("predict", run.path, "--text", files[0], "--json", cwd=tmp_path)
    (answer,) = json.loads(one.stdout)["predictions"]
    assert answer["label"] == answers[0][0]["label"]
    assert answer["text"] == str(files[0])
