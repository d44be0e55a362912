"""Images: folders by class, tables of paths, bytes in tables; broken ones are named and dropped."""

from __future__ import annotations

import io
import json
import random
from pathlib import Path

import polars as pl
import pytest
from PIL import Image
from tests.conftest import write_csv
from tests.data.making import assert_helpful

from luthier.core.errors import DataError
from luthier.data.formats import recognise
from luthier.data.images import examine, open_image
from luthier.data.prepare import prepare
from luthier.data.sources import read_source
from luthier.recipe.schema import Data

COLOURS = {"ripe": (190, 30, 40), "green": (40, 160, 60)}


def picture(colour: tuple[int, int, int], seed: int, kind: str = "PNG") -> bytes:
    """A picture of one colour with spots where the seed puts them."""
    image = Image.new("RGB", (24, 24), colour)
    chance = random.Random(seed)
    for _ in range(30):
        image.putpixel((chance.randrange(24), chance.randrange(24)), (250, 250, seed % 250))
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def fill(folder: Path, count: int = 12, ending: str = "png") -> Path:
    for place, (name, colour) in enumerate(COLOURS.items()):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            content = picture(colour, 100 * place + number)
            (folder / name / f"{number:02}.{ending}").write_bytes(content)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    fill(tmp_path / "fruit")
    return tmp_path


def test_the_subfolder_is_the_class(folder):
    raw = read_source("fruit", base_dir=folder)
    assert raw.rows["label"].to_list() == ["green"] * 12 + ["ripe"] * 12
    assert raw.rows["file"][0] == "green/00.png"
    assert open_image(raw.rows["image"][12]).getpixel((0, 0)) is not None
    assert recognise(raw.rows, raw.folder).format == "image,label"


def test_splits_are_folders_above_the_classes(tmp_path):
    fill(tmp_path / "fruit" / "train", 6)
    fill(tmp_path / "fruit" / "val", 2)
    raw = read_source("fruit", base_dir=tmp_path)
    assert {name: len(rows) for name, rows in raw.splits.items()} == {"train": 12, "validation": 4}


def test_names_of_endings_in_capitals_and_hidden_files(tmp_path):
    fill(tmp_path / "fruit", 2, "PNG")
    (tmp_path / "fruit" / "ripe" / ".DS_Store").write_bytes(b"x")
    (tmp_path / "fruit" / "ripe" / "notes.txt").write_text("picked on Monday")
    assert len(read_source("fruit", base_dir=tmp_path).rows) == 4


def test_the_digest_is_of_names_and_pictures(folder):
    before = read_source("fruit", base_dir=folder).sha256
    (folder / "fruit" / "ripe" / "00.png").write_bytes(picture((1, 2, 3), 9))
    assert read_source("fruit", base_dir=folder).sha256 != before


BROKEN = {
    "cut.jpg": (picture((9, 9, 9), 1, "JPEG")[:200], "it cannot be read"),
    "letter.png": (b"Dear Sir, the picture is attached.", "it is no image of a known format"),
    "empty.png": (b"", "it is no image of a known format"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_picture_is_told_by_its_path(folder, name):
    content, why = BROKEN[name]
    path = folder / "fruit" / "ripe" / name
    path.write_bytes(content)
    prepared = prepare(Data(train="fruit"), base_dir=folder, folder=folder / "out")
    lost = prepared.ledger.filter(operator="images", action="dropped")
    (entry,) = lost.to_dicts()
    assert entry["before"] == str(path)
    assert entry["reason"].startswith(why)
    whole = read_source("fruit", base_dir=folder).rows
    assert whole["file"][entry["row"]] == f"ripe/{name}"
    lines = (folder / "out" / "quarantine.jsonl", folder / "out" / "quarantine.csv")
    (kept,) = (file.read_text(encoding="utf-8-sig") for file in lines if file.is_file())
    assert str(path) in kept
    with pytest.raises(DataError) as caught:
        open_image({"path": str(path), "bytes": None})
    assert_helpful(caught.value, str(path))


def listed(folder: Path, header: tuple[str, str] = ("path", "class")) -> list[tuple[str, str]]:
    files = sorted((folder / "fruit").rglob("*.png"))
    rows = [(file.relative_to(folder).as_posix(), file.parent.name) for file in files]
    write_csv(folder / "fruit.csv", rows, header)
    return rows


@pytest.mark.parametrize("header", [
    ("path", "class"), ("file_name", "label"), ("图片", "标签"), ("image", "ripeness"),
])  # fmt: skip
def test_a_table_of_paths_is_read_from_where_it_stands(folder, header):
    rows = listed(folder, header)
    raw = read_source("fruit.csv", base_dir=folder)
    found = recognise(raw.rows, raw.folder)
    assert found.format == "image,label"
    assert found.columns == {"image": header[0], "label": header[1]}
    assert found.rows["label"].to_list() == [label for _, label in rows]
    assert found.rows["image"].struct.field("sha256").null_count() == 0
    assert all(Path(path).is_file() for path in found.rows["image"].struct.field("path"))


def test_a_path_that_leads_nowhere_is_dropped(folder):
    rows = listed(folder)
    write_csv(folder / "fruit.csv", [*rows, ("fruit/ripe/gone.png", "ripe"), ("", "ripe")],
              ("path", "class"))  # fmt: skip
    prepared = prepare(Data(train="fruit.csv"), base_dir=folder)
    dropped = {
        row: (step, reason)
        for row, step, reason in prepared.ledger.filter(action="dropped")
        .select("row", "operator", "reason").iter_rows()
    }  # fmt: skip
    assert dropped[24] == ("images", "there is no such file")
    assert dropped[25][0] == "missing"


def test_the_same_pictures_are_the_same_data(folder):
    listed(folder)
    split = {"split": {"validation": 0.2, "test": 0.2}}
    by_folder = prepare(Data(train="fruit", **split), base_dir=folder)
    by_table = prepare(Data(train="fruit.csv", **split), base_dir=folder)
    shas = [
        {sha for rows in made.splits.values() for sha in rows["image"].struct.field("sha256")}
        for made in (by_folder, by_table)
    ]
    assert shas[0] == shas[1]


def test_one_picture_twice_counts_once(folder):
    content = (folder / "fruit" / "ripe" / "00.png").read_bytes()
    (folder / "fruit" / "ripe" / "zz.png").write_bytes(content)
    prepared = prepare(Data(train="fruit"), base_dir=folder)
    assert prepared.card["operators"]["duplicates"]["dropped"] == 1


def test_pictures_within_a_table(folder):
    raw = read_source("fruit", base_dir=folder).rows
    contents = [Path(path).read_bytes() for path in raw["image"].struct.field("path")]
    frame = pl.DataFrame({"img": contents, "label": raw["label"]})
    frame.write_parquet(folder / "fruit.parquet")
    found = recognise(read_source("fruit.parquet", base_dir=folder).rows, folder)
    assert found.rows["image"].struct.field("sha256").equals(raw["image"].struct.field("sha256"))
    assert examine(found.rows["image"][0]) == (None, 24, 24)


def test_written_pictures_are_read_again(folder):
    listed(folder)
    prepared = prepare(Data(train="fruit.csv"), base_dir=folder, folder=folder / "out",
                       to="image,label")  # fmt: skip
    for name, rows in prepared.splits.items():
        raw = read_source(f"out/{name}.jsonl", base_dir=folder)
        found = recognise(raw.rows, raw.folder)
        assert found.rows["image"].equals(rows["image"])
        assert found.rows["label"].equals(rows["label"])


def test_pictures_without_a_file_have_no_room_in_lines_of_json(folder):
    contents = [{"img": picture(COLOURS["ripe"], n), "label": "ab"[n % 2]} for n in range(20)]
    pl.DataFrame(contents).write_parquet(folder / "inside.parquet")
    prepared = prepare(Data(train="inside.parquet"), base_dir=folder, folder=folder / "out",
                       to="image,label")  # fmt: skip
    assert (folder / "out" / "train.jsonl").read_text() == ""
    assert prepared.unwritten == prepared.card["rows_out"]
    card = json.loads((folder / "out" / "card.json").read_text())
    assert card["rows_out"] == prepared.unwritten
