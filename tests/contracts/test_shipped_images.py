"""A base for images as it is shipped: drawn pictures, learned from, packed, tuned."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
import torch
from benchmarks.made_up import write
from tests.helpers import loaded_tool
from tests.images import image_recipe, write_images

import luthier
from luthier.models import bases
from luthier.models.load import load_bare
from luthier.runs import Run


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpora") / "made_up"
    write(folder, kinds=4, each=40)
    return folder


@pytest.fixture(scope="module")
def trained(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    values = image_recipe(drawn / "train.parquet", "new:resnet-small")
    values["data"] |= {"test": str(drawn / "test.parquet"), "split": {"validation": 0.0}}
    values["task"]["size"] = 32
    return luthier.tune(values, runs_dir=tmp_path_factory.mktemp("runs"))


def test_pictures_are_the_same_each_time(drawn: Path, tmp_path: Path) -> None:
    write(tmp_path / "again", kinds=4, each=40)
    write(tmp_path / "others", kinds=4, each=40, seed=1)
    first, again, others = (
        pl.read_parquet(folder / "train.parquet")
        for folder in (drawn, tmp_path / "again", tmp_path / "others")
    )
    assert first.equals(again)
    assert first["image"].n_unique() == 160
    assert not set(first["image"]) & set(others["image"])
    assert set(first["label"].value_counts()["count"]) == {40}


def test_kinds_can_be_told_apart(trained: Run) -> None:
    assert trained.verdict()["metrics"]["accuracy"]["value"] >= 0.75


def test_a_shipped_base_is_tuned(
    trained: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = loaded_tool("ship_base").ship(trained, "luthier-tiny", 0.0, tmp_path / "shipped")
    card = (folder / "README.md").read_text()
    assert "license: apache-2.0" in card
    assert "1,280 pictures" in card
    assert "accuracy" in card
    monkeypatch.setattr(bases, "SHIPPED", tmp_path / "shipped")
    base = bases.resolve("luthier-tiny", folder=Path(), find_run=Path)
    network, missing = load_bare(base, "AutoModelForImageClassification")
    assert (network.dtype, missing) == (torch.float32, [])
    shapes = write_images(tmp_path / "images", 60)
    values = image_recipe(shapes, "luthier-tiny", training__epochs=2)
    run = luthier.tune(values, runs_dir=tmp_path / "runs")
    assert set(run.verdict()["metrics"]) >= {"accuracy", "f1_macro"}
