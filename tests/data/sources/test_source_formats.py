"""One table in every format, packed and not, reads back as the same rows."""

from __future__ import annotations

import csv
import gzip
import io
import json

import polars as pl
import pytest
from tests.data.making import read

ROWS = [
    ("profit rose, again", "positive"),
    ("利润下降；亏损", "negative"),
    ('she said "no" | yes', "neutral"),
    ("two words; and\tmore", "positive"),
]
FRAME = pl.DataFrame(ROWS, schema=["text", "label"], orient="row")


def _separated(delimiter: str) -> bytes:
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter).writerows([("text", "label"), *ROWS])
    return file.getvalue().encode()


def _written(method: str) -> bytes:
    file = io.BytesIO()
    getattr(FRAME, method)(file)
    return file.getvalue()


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


FORMATS = {
    "comma.csv": lambda: _separated(","),
    "semicolon.csv": lambda: _separated(";"),
    "pipe.csv": lambda: _separated("|"),
    "tabs.csv": lambda: _separated("\t"),
    "tabs.tsv": lambda: _separated("\t"),
    "declared.csv": lambda: b"sep=;\n" + _separated(";"),
    "no_suffix": lambda: _separated(","),
    "list.json": lambda: _json(FRAME.to_dicts()),
    "under_data.json": lambda: _json({"data": FRAME.to_dicts(), "version": 1}),
    "columns.json": lambda: _json(FRAME.to_dict(as_series=False)),
    "lines.json": lambda: _written("write_ndjson"),
    "lines.jsonl": lambda: _written("write_ndjson"),
    "t.parquet": lambda: _written("write_parquet"),
    "t.arrow": lambda: _written("write_ipc"),
    "stream.arrow": lambda: _written("write_ipc_stream"),
    "t.xlsx": lambda: _written("write_excel"),
    "really_excel.csv": lambda: _written("write_excel"),
}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_rows(tmp_path, name, packed):
    content = FORMATS[name]()
    raw = (
        read(tmp_path, f"{name}.gz", gzip.compress(content))
        if packed
        else read(tmp_path, name, content)
    )
    assert raw.rows.columns == ["text", "label"]
    assert raw.rows.rows() == ROWS


def test_cells_of_text_tables_stay_text(tmp_path):
    raw = read(tmp_path, "t.csv", "text,label\n007,1.0\nnan,NA\n")
    assert raw.rows.rows() == [("007", "1.0"), ("nan", "NA")]


def test_the_delimiter_given_goes_before_the_one_detected(tmp_path):
    raw = read(tmp_path, "t.csv", "a,b;c\n1,2;3\n", delimiter=";")
    assert raw.rows.columns == ["a,b", "c"]


def test_sha256_is_of_the_bytes_on_disk(tmp_path):
    plain = read(tmp_path, "t.csv", "text,label\na,b\n")
    same = read(tmp_path, "u.csv", "text,label\na,b\n")
    other = read(tmp_path, "v.csv", "text,label\na,c\n")
    assert plain.sha256 == same.sha256 != other.sha256
