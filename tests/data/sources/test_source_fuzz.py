"""Whatever the bytes: rows, or an error that says where and what to do."""

from __future__ import annotations

import gzip
import io

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.data.making import LABEL, TEXT, assert_helpful, read

from luthier.core.errors import LuthierError
from luthier.data.columns import map_columns
from luthier.data.inspect import inspect

NAMES = ["t.csv", "t.tsv", "t.json", "t.jsonl", "t.xlsx", "t.parquet", "t.arrow", "t.csv.gz", "t"]
SIGNS = [
    b"",
    b"PAR1",
    b"ARROW1",
    b"PK\x03\x04",
    b"\x1f\x8b\x08",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"[",
]
SNIPPETS = [
    b"text", b"label", b",", b";", b"\t", b"|", b"\n", b"\r\n", b"\r", b'"', b'""', b" ", b"\x00",
    b"\xff", b"\xe4\xbd\xa0", b"{", b"}", b"[", b"]", b":", b"1", b"NaN", b"1e999", b"null",
    b'{"text": "a", "label": "b"}', b"sep=;\n", b"\x1c", "\u2028".encode(), b"a", b"b",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


def _read_or_refuse(folder, name, content):
    try:
        raw = read(folder, name, content)
    except LuthierError as error:
        assert_helpful(error, name)
        return
    assert len(raw.rows) > 0
    for step in (
        lambda: map_columns(raw, [TEXT, LABEL], {}),
        lambda: inspect(name, base_dir=folder),
    ):
        try:
            step()
        except LuthierError as error:
            assert error.where and error.hint


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=60)
@given(sign=st.sampled_from(SIGNS), content=st.binary(max_size=200))
def test_random_bytes(folder, name, sign, content):
    _read_or_refuse(folder, name, sign + content)


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.json", "t.jsonl", "t"])
@settings(deadline=None, max_examples=150)
@given(parts=st.lists(st.sampled_from(SNIPPETS), max_size=30))
def test_pieces_of_tables_in_any_order(folder, name, parts):
    _read_or_refuse(folder, name, b"".join(parts))


def _written(method: str) -> bytes:
    file = io.BytesIO()
    getattr(pl.DataFrame({"text": ["a", "b"] * 9, "label": ["x", "y"] * 9}), method)(file)
    return file.getvalue()


# No byte within a Parquet file is changed: polars may ask for exabytes then, and take the process
# with it.
WHOLE = {
    "t.xlsx": _written("write_excel"),
    "t.csv.gz": gzip.compress(b"text,label\n" + b"a,x\nb,y\n" * 50),
    "t.json": b'[{"text": "a", "label": "x"}, {"text": "b", "label": 1.5}]',
    "t.csv": b'text,label\n"a ""b""\n",x\nc,\xe4\xbd\xa0\n',
}


@pytest.mark.parametrize("name", WHOLE)
@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_a_file_with_one_part_damaged(folder, name, data):
    whole = WHOLE[name]
    start = data.draw(st.integers(0, len(whole) - 1))
    end = data.draw(st.integers(start, min(len(whole), start + 8)))
    _read_or_refuse(folder, name, whole[:start] + data.draw(st.binary(max_size=4)) + whole[end:])


@pytest.mark.parametrize(
    "method", ["write_parquet", "write_ipc", "write_ipc_stream", "write_excel"]
)
def test_a_file_cut_off_anywhere(folder, method):
    whole = _written(method)
    name = {"write_parquet": "t.parquet", "write_excel": "t.xlsx"}.get(method, "t.arrow")
    for length in range(1, len(whole), max(1, len(whole) // 40)):
        _read_or_refuse(folder, name, whole[:length])
