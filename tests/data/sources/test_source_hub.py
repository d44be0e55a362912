"""Data sets in the hub's layout, out of a local mirror."""

from __future__ import annotations

import gzip
import json

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.data.making import assert_helpful

from luthier.core.errors import DataError
from luthier.data.sources import read_source
from luthier.data.sources.hub import MIRROR
from luthier.data.sources.layout import files_by_split

ROWS = "text,label\n{0} one,0\n{0} two,1\n"


@pytest.fixture
def dataset(tmp_path, monkeypatch):
    """Writes files of the mirror's data set ``someone/news`` and reads it."""
    folder = tmp_path / "someone" / "news"
    folder.mkdir(parents=True)
    monkeypatch.setenv(MIRROR, str(tmp_path))

    def make(spec="hf:someone/news", **files):
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_source(spec, base_dir=tmp_path)

    return make


def test_splits_are_told_by_file_names(dataset):
    files = {f"data/{s}-00000-of-00001.csv": ROWS.format(s) for s in ("train", "dev", "test")}
    raw = dataset(**files)
    assert list(raw.splits) == ["train", "validation", "test"]
    assert raw.splits["validation"]["text"][0] == "dev one"
    assert raw.part("test").rows["text"][0] == "test one"
    assert raw.rows["text"][0] == "train one"


def test_files_of_a_split_are_joined_in_order(dataset):
    raw = dataset(**{f"data/train-0000{n}.csv": ROWS.format(n) for n in (1, 0)})
    assert raw.rows["text"].to_list() == ["0 one", "0 two", "1 one", "1 two"]


def test_without_a_word_for_a_split_all_is_train(dataset):
    assert list(dataset(**{"reviews.csv": ROWS.format("a")}).splits) == ["train"]


def test_the_card_says_which_files_make_which_split(dataset):
    card = (
        "---\nconfigs:\n- config_name: default\n  data_files:\n"
        "  - split: train\n    path: part_a.csv\n  - split: test\n    path: 'more/*.csv'\n---\n"
    )
    files = {"part_a.csv": ROWS.format("a"), "more/b.csv": ROWS.format("b"), "c.csv": "x\ny\n"}
    raw = dataset(**{"README.md": card, **files})
    assert {name: rows["text"][0] for name, rows in raw.splits.items()} == {
        "train": "a one", "test": "b one",
    }  # fmt: skip


def test_a_configuration_is_named_behind_an_at_sign(dataset):
    files = {"en/train.csv": ROWS.format("en"), "zh/train.csv": ROWS.format("zh")}
    assert dataset("hf:someone/news@zh", **files).rows["text"][0] == "zh one"


def test_an_unknown_configuration_is_refused_with_the_nearest(dataset):
    with pytest.raises(DataError, match="no configuration 'english'") as caught:
        dataset("hf:someone/news@english", **{"engl/train.csv": ROWS.format("a")})
    assert_helpful(caught.value, "hf:someone/news")
    assert "'engl'" in caught.value.render()


def test_several_configurations_need_a_choice(dataset):
    card = "---\nconfigs:\n- config_name: a\n  data_files: a.csv\n- config_name: b\n---\n"
    with pytest.raises(DataError, match="several configurations: a, b") as caught:
        dataset(**{"README.md": card, "a.csv": ROWS.format("a")})
    assert "hf:someone/news@a" in caught.value.render()


def _features(names: list[str]) -> bytes:
    meaning = {"info": {"features": {"label": {"names": names, "_type": "ClassLabel"}}}}
    schema = pa.schema([("text", pa.string()), ("label", pa.int64())])
    schema = schema.with_metadata({"huggingface": json.dumps(meaning)})
    table = pa.table({"text": ["a", "b", "c"], "label": [1, 0, -1]}, schema=schema)
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return sink.getvalue().to_pybytes()


def test_codes_of_classes_become_names_as_the_parquet_file_says(dataset):
    raw = dataset(**{"train.parquet": _features(["bad", "good"])})
    assert raw.rows["label"].to_list() == ["good", "bad", None]


@pytest.mark.parametrize("names", ["[bad, good]", "{'0': bad, '1': good}"])
def test_codes_of_classes_become_names_as_the_card_says(dataset, names):
    card = (
        "---\ndataset_info:\n  features:\n  - name: label\n    dtype:\n      class_label:\n"
        f"        names: {names}\n---\n"
    )
    raw = dataset(**{"README.md": card, "train.jsonl": '{"text": "a", "label": 1}\n'})
    assert raw.rows["label"].to_list() == ["good"]


def test_packed_parquet_is_read(dataset):
    assert len(dataset(**{"train.parquet.gz": gzip.compress(_features(["x", "y"]))}).rows) == 3


@pytest.mark.parametrize(
    "front",
    [
        "a: [",
        "configs: foo",
        "configs: [a]",
        "dataset_info: [x]",
        "dataset_info: {features: {a: b}}",
        "dataset_info: {features: [{dtype: {class_label: {names: [a]}}}]}",
        "dataset_info: {features: [{name: a, dtype: {class_label: {names: {a: b}}}}]}",
    ],
)
def test_a_card_that_makes_no_sense_is_refused(dataset, front):
    with pytest.raises(DataError, match=r"README\.md") as caught:
        dataset(**{"README.md": f"---\n{front}\n---\n", "train.csv": ROWS.format("a")})
    assert_helpful(caught.value, "hf:someone/news")


def test_a_data_set_without_rows_is_refused(dataset):
    with pytest.raises(DataError, match="no files of rows") as caught:
        dataset(**{"README.md": "# News\n", "model.bin": b"\x00"})
    assert_helpful(caught.value, "hf:someone/news")


def test_a_wrong_name_is_refused_with_the_nearest(dataset):
    dataset(**{"train.csv": ROWS.format("a")})
    with pytest.raises(DataError, match="no data set 'someone/new'") as caught:
        dataset("hf:someone/new")
    assert "'someone/news'" in caught.value.render()


def test_sha256_changes_with_any_file(dataset):
    before = dataset(**{"train.csv": ROWS.format("a"), "test.csv": ROWS.format("b")}).sha256
    assert dataset().sha256 == before
    assert dataset(**{"test.csv": ROWS.format("c")}).sha256 != before


def test_a_folder_in_the_layout_is_read_without_the_hub(tmp_path):
    (tmp_path / "d").mkdir()
    pl.DataFrame({"text": ["a"], "label": ["x"]}).write_parquet(tmp_path / "d" / "train.parquet")
    pl.DataFrame({"text": ["b"], "label": ["x"]}).write_parquet(tmp_path / "d" / "test.parquet")
    assert set(read_source("d", base_dir=tmp_path).splits) == {"train", "test"}


def test_a_file_falls_to_the_split_nearest_its_name():
    paths = ["train/test-set.csv", "validation.csv", "contest.csv"]
    assert files_by_split(paths, {}, None, "d") == {
        "test": ["train/test-set.csv"], "validation": ["validation.csv"],
    }  # fmt: skip
