"""Image folders through preparation: new images are files beside the rows, and rows find them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image
from typer.testing import CliRunner

from luthier.cli.main import app
from luthier.core.files import sha256, verify_folder
from luthier.data.images import open_image
from luthier.data.prepare import prepare
from luthier.data.prepared import Prepared
from luthier.data.roles import ADDED, ROW, SOURCE
from luthier.recipe.schema import Data

STEPS = ["data.steps.augment.share=1", "data.steps.augment.methods=[crop,colour,rotate,cutout]"]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> Path:
    """Leaves and sky: forty small images in two folders, PNG and JPEG."""
    folder = tmp_path_factory.mktemp("pictures") / "pictures"
    random = np.random.default_rng(0)
    for name, mean in (("leaf", (60, 150, 40)), ("sky", (90, 140, 220))):
        (folder / name).mkdir(parents=True)
        for number in range(20):
            values = np.clip(random.normal(mean, 30, (18, 24, 3)), 0, 255).astype(np.uint8)
            ending = "jpg" if number % 4 == 0 else "png"
            Image.fromarray(values).save(folder / name / f"{number:02}.{ending}")
    return folder


@pytest.fixture(scope="module")
def out(pictures, tmp_path_factory) -> Path:
    """The pictures, prepared by the command line with one thread."""
    folder = tmp_path_factory.mktemp("prepared") / "out"
    run(pictures, folder, "--workers", "1")
    return folder


def run(pictures: Path, folder: Path, *more: str) -> None:
    words = ["prepare", str(pictures), *STEPS, "--output", str(folder), *more]
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output


def contents(folder: Path) -> dict[str, str]:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): sha256(file) for file in files}


def pixels(rows: pl.DataFrame) -> list[bytes]:
    return [open_image(value).tobytes() for value in rows["image"]]


def test_new_images_are_files_that_training_can_open(out):
    train = Prepared.load(out).splits["train"]
    new, old = train.filter(pl.col(ADDED) == "augment"), train.filter(pl.col(ADDED).is_null())
    assert len(new) == len(old) > 20
    for value in new["image"]:
        assert value["bytes"] is None
        assert Path(value["path"]).parent == out / "images"
        assert sha256(Path(value["path"])) == value["sha256"]
        assert open_image(value).size == (24, 18)
    assert {Path(value["path"]).suffix for value in new["image"]} == {".jpg", ".png"}
    assert len(list((out / "images").iterdir())) == len(new)
    assert verify_folder(out) is None


def test_no_new_image_is_one_that_there_was(out):
    splits = Prepared.load(out).splits
    new = pixels(splits["train"].filter(pl.col(ADDED) == "augment"))
    assert len(set(new)) == len(new)
    for name, rows in splits.items():
        old = rows.filter(pl.col(ADDED).is_null())
        assert not set(pixels(old)) & set(new), name
        if name != "train":
            assert len(old) == len(rows) > 0


def test_the_ledger_says_which_image_each_was_made_of(out, pictures):
    train = Prepared.load(out).splits["train"]
    ledger = pl.read_parquet(out / "ledger.parquet").filter(pl.col("operator") == "augment")
    assert set(ledger["action"]) == {"added"}
    assert ledger["reason"].str.contains("^made by (crop|colour|rotate|cutout)$").all()
    new, old = train.filter(pl.col(ADDED) == "augment"), train.filter(pl.col(ADDED).is_null())
    origins = dict(zip(old[ROW], old["image"].struct.field("path"), strict=True))
    named = {str(out / after): before for before, after in ledger[["before", "after"]].rows()}
    assert named == {
        value["path"]: origins[row] for row, value in zip(new[ROW], new["image"], strict=True)
    }
    assert all(Path(before).is_relative_to(pictures) for before in ledger["before"])
    assert set(ledger.select("source", "row").rows()) == set(new.select(SOURCE, ROW).rows())


def test_threads_do_not_matter(pictures, out, tmp_path):
    run(pictures, tmp_path / "two", "--workers", "2")
    assert contents(tmp_path / "two") == contents(out)


def test_prepared_rows_find_their_images_wherever_they_are_moved(out, tmp_path):
    shutil.copytree(out, tmp_path / "moved")
    new = Prepared.load(tmp_path / "moved").splits["train"].filter(pl.col(ADDED) == "augment")
    assert all((tmp_path / "moved") in Path(value["path"]).parents for value in new["image"])
    assert len(pixels(new)) == len(new)


def test_prepared_rows_are_a_source_again(out):
    splits = {name: f"{name}.parquet" for name in ("train", "validation", "test")}
    again = prepare(Data(**splits, prepare=[]), base_dir=out).splits["train"]
    first = Prepared.load(out).splits["train"]
    assert again["image"].equals(first["image"])


def test_another_format_names_the_new_images_too(pictures, tmp_path):
    run(pictures, tmp_path / "told", "--to", "image,label")
    lines = (tmp_path / "told" / "train.jsonl").read_text().splitlines()
    found = [json.loads(line) for line in lines]
    new = [row for row in found if row["image"].startswith("images/")]
    assert len(new) == len(found) / 2 > 20
    assert all((tmp_path / "told" / row["image"]).is_file() for row in new)
    assert {row["label"] for row in new} == {"leaf", "sky"}


def test_the_cache_gives_the_same_and_is_not_stood_on(pictures, out, tmp_path, monkeypatch):
    monkeypatch.setenv("LUTHIER_CACHE", str(tmp_path / "cache"))
    run(pictures, tmp_path / "first")
    run(pictures, tmp_path / "second")
    (kept,) = (tmp_path / "cache").iterdir()
    assert contents(kept) == contents(tmp_path / "first") == contents(tmp_path / "second")
    steps = {"augment": {"share": 1, "methods": ["crop", "colour", "rotate", "cutout"]}}
    data = Data(train="pictures", steps=steps)
    prepare(data, base_dir=pictures.parent, folder=tmp_path / "third")
    known = prepare(data, base_dir=pictures.parent, folder=tmp_path / "third")
    shutil.rmtree(tmp_path / "cache")
    assert len(pixels(known.splits["train"])) == len(known.splits["train"])


def test_an_image_whose_mirror_is_to_judge_by_gets_no_copy(tmp_path):
    random = np.random.default_rng(1)
    for number in range(24):
        values = random.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        for split, shown in (("train", values), ("test", values[:, ::-1])):
            place = tmp_path / "set" / split / "ab"[number % 2] / f"{number}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(shown).save(place)
    flips = {"augment": {"share": 1, "methods": ["flip"]}}
    done = prepare(Data(train="set", steps=flips), base_dir=tmp_path)
    train, test = done.splits["train"], done.splits["test"]
    assert not set(pixels(train)) & set(pixels(test))
    assert train[ADDED].null_count() == len(train)
    assert any("would have been as others" in note for note in done.card["notes"])
