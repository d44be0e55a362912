"""A folder of text files by class."""

from __future__ import annotations

import gzip

import pytest
from tests.data.making import assert_helpful

from luthier.core.errors import DataError
from luthier.data.sources import read_source


def _fill(folder, files):
    for place, content in files.items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def test_the_subfolder_is_the_label_and_order_is_by_name(tmp_path):
    files = {"pos/2.txt": b"good", "neg/1.txt": "糟糕".encode("utf-16"), "pos/1.txt": b"one\ntwo\n"}
    _fill(tmp_path / "d", files)
    raw = read_source("d", base_dir=tmp_path)
    assert raw.rows.select("text", "label").rows() == [
        ("糟糕", "neg"), ("one\ntwo\n", "pos"), ("good", "pos"),
    ]  # fmt: skip


def test_an_empty_file_is_a_row_without_text(tmp_path):
    _fill(tmp_path / "d", {"pos/1.txt": b"", "neg/1.txt": b"bad"})
    assert read_source("d", base_dir=tmp_path).rows["text"].to_list() == ["bad", ""]


def test_a_binary_file_is_refused_by_its_name(tmp_path):
    _fill(tmp_path / "d", {"pos/1.txt": bytes(range(256)), "neg/1.txt": b"bad"})
    with pytest.raises(DataError, match="binary") as caught:
        read_source("d", base_dir=tmp_path)
    assert_helpful(caught.value, "d/pos/1.txt")


def test_sha256_is_of_names_and_texts(tmp_path):
    one = _fill(tmp_path / "one", {"pos/1.txt": b"a", "neg/1.txt": b"b"})
    two = _fill(tmp_path / "two", {"pos/1.txt": b"a", "neu/1.txt": b"b"})
    same = _fill(tmp_path / "same", {"pos/1.txt": b"a", "neg/1.txt": b"b"})
    hashes = [read_source(str(f), base_dir=tmp_path).sha256 for f in (one, two, same)]
    assert hashes[0] == hashes[2] != hashes[1]


@pytest.mark.parametrize("files", [{}, {"readme.md": b"hello"}])
def test_a_folder_without_rows_is_refused(tmp_path, files):
    (tmp_path / "d").mkdir()
    _fill(tmp_path / "d", files)
    with pytest.raises(DataError) as caught:
        read_source("d", base_dir=tmp_path)
    assert_helpful(caught.value, "d")


def test_a_missing_file_is_refused_with_the_nearest_name(tmp_path):
    (tmp_path / "reviews.csv").write_text("text,label\na,b\n")
    with pytest.raises(DataError, match="no file") as caught:
        read_source("review.csv", base_dir=tmp_path)
    assert_helpful(caught.value, str(tmp_path))
    assert "'reviews.csv'" in caught.value.render()


@pytest.mark.parametrize(
    "content",
    [gzip.compress(b"text,label\na,b\n")[:-9], b"\x1f\x8b\x08garbage", b"text,label\na,b\n"],
    ids=["cut off", "garbage", "not packed"],
)
def test_damaged_gzip_is_refused(tmp_path, content):
    (tmp_path / "t.csv.gz").write_bytes(content)
    with pytest.raises(DataError, match="gzip") as caught:
        read_source("t.csv.gz", base_dir=tmp_path)
    assert_helpful(caught.value, "t.csv.gz")
