"""Two hundred malformed files: each ends in an error that helps, or in rows with a repair noted."""

from __future__ import annotations

import gzip
import io
import json
import random
import subprocess
import sys
import zipfile

import pytest
from tests.data.making import assert_helpful, read

from luthier.core.errors import LuthierError

ROWS = [
    ("profit rose, again", "good"),
    ("说得好", "good"),
    ("naïve “plan”", "bad"),
    ("fell", "bad"),
]
PLAIN = "text,label\n" + "\n".join(f'"{text}",{label}' for text, label in ROWS) + "\n"
CODECS = [
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "gb18030",
    "cp1252",
    "shift_jis",
]


def _encodings(choose):
    for codec in CODECS:
        text = PLAIN.encode(codec, "replace").decode(codec)
        yield f"{codec}.csv", text.encode(codec)
        yield f"{codec}-mixed.csv", text.encode(codec) + "caf\u00e9,bad\n".encode("latin-1")
        yield f"{codec}.json", json.dumps([{"text": "说", "label": "a"}]).encode(codec)


def _bytes(choose):
    for number in range(30):
        data = bytearray(PLAIN.encode())
        for _ in range(choose.randint(1, 6)):
            data.insert(
                choose.randrange(len(data)), choose.choice([0, 0xFF, 0xC0, 0x1A, 0x22, 0x0D])
            )
        yield f"damaged{number}.csv", bytes(data)
    for number in range(10):
        yield f"noise{number}.csv", choose.randbytes(choose.randint(1, 400))
    yield "nul.csv", b"\x00" * 300
    yield "bom-inside.csv", "text,label\n\ufeffa,x\n\ufeffb,y\n".encode()
    yield "surrogate.json", rb'[{"text": "\ud800 lone", "label": "a"}, {"text": "b", "label": "c"}]'
    yield "surrogate.jsonl", rb'{"text": "\udfff", "label": "a"}'


def _ragged(choose):
    for number in range(30):
        lines = [
            ",".join(
                choose.choice(["a", "", '"b, c"', "d\u00a0e"]) for _ in range(choose.randint(0, 5))
            )
            for _ in range(choose.randint(1, 8))
        ]
        yield f"ragged{number}.csv", "\n".join(["text,label", *lines]).encode()
    for number, header in enumerate(
        ["", ",", "a,a", "text,text,label", ",,", '"",""', " text , label"]
    ):
        yield f"header{number}.csv", f"{header}\nx,y\nz,w\n".encode()
    for number, ends in enumerate(["\r", "\r\n", "\n\r", "\r\n\n", "\u2028"]):
        yield f"ends{number}.csv", ends.join(["text,label", "a,x", "b,y"]).encode()
    yield "open-quote.csv", b'text,label\n"a,x\nb,y\n' * 3
    yield "only-header.csv", b"text,label\n"
    yield "blanks.csv", b" \n\t\n  \n"
    yield "empty.csv", b""
    yield "one-column.csv", b"a\nb\nc\n"


def _formulas(choose):
    for number, cell in enumerate(
        ["=cmd|' /C calc'!A0", "+1+1", "@SUM(A1)", "-2+3", "=HYPERLINK(1)"]
    ):
        yield f"formula{number}.csv", f'text,label\n"{cell}",x\nb,y\n'.encode()


def _json(choose):
    yield "deep.json", b"[" * 5000 + b"]" * 5000
    yield "deep.jsonl", b'{"a":' * 5000 + b"1" + b"}" * 5000
    yield "nan.json", b'[{"text": NaN, "label": Infinity}]'
    yield "twice.json", b'[{"text": "a", "text": "b", "label": "x"}]'
    yield "digits.json", b'[{"text": "a", "label": ' + b"9" * 6000 + b"}]"
    yield "comma.jsonl", b'{"text": "a", "label": "x"},\n{"text": "b", "label": "y"},\n'
    yield "cut.json", b'[{"text": "a", "label": "x"}, {"text": "b", "la'
    for number in range(30):
        whole = bytearray(json.dumps([{"text": t, "label": x} for t, x in ROWS]).encode())
        del whole[(start := choose.randrange(len(whole))) : start + choose.randint(1, 12)]
        yield f"json{number}.json", bytes(whole)
    for number, value in enumerate(
        ["1", '"a"', "null", "true", "{}", "[]", "[1]", '["a"]', "[[1]]"]
    ):
        yield f"value{number}.json", value.encode()


def _packed(choose):
    whole = gzip.compress(PLAIN.encode())
    for number in range(15):
        yield f"cut{number}.csv.gz", whole[: choose.randrange(1, len(whole))]
    for number in range(15):
        data = bytearray(whole)
        data[choose.randrange(10, len(data))] ^= 1 << choose.randrange(8)
        yield f"flipped{number}.csv.gz", bytes(data)
    yield "not-packed.csv.gz", PLAIN.encode()
    yield "twice.csv.gz", gzip.compress(whole)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("t.csv", PLAIN)
    yield "zip.csv", packed.getvalue()
    yield "zip.xlsx", packed.getvalue()
    yield "text.xlsx", PLAIN.encode()
    yield "text.parquet", PLAIN.encode()
    yield "magic.parquet", b"PAR1" + b"\x00" * 40 + b"PAR1"
    yield "magic.arrow", b"ARROW1" + b"\x00" * 40


def _all():
    choose = random.Random(0)
    for made in (_encodings, _bytes, _ragged, _formulas, _json, _packed):
        yield from made(choose)


FILES = dict(_all())


def test_there_are_two_hundred():
    assert len(FILES) >= 200


@pytest.mark.parametrize("name", FILES)
def test_malformed(tmp_path, name):
    try:
        raw = read(tmp_path, name, FILES[name])
    except LuthierError as error:
        assert_helpful(error, name)
        return
    assert len(raw.rows)
    assert len(set(raw.rows.columns)) == len(raw.rows.columns)
    assert all(column.strip() for column in raw.rows.columns)


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("formula")])
def test_formulas_are_text(tmp_path, name):
    raw = read(tmp_path, name, FILES[name])
    assert raw.rows["text"][0] in FILES[name].decode()
    assert len(raw.rows) == 2


IN_BOUNDS = """
import resource, sys
from pathlib import Path
from luthier.core.errors import LuthierError
from luthier.data.sources import read_source
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    rows = read_source(sys.argv[1], base_dir=Path(sys.argv[2])).rows
    said = f"{len(rows)} rows"
except LuthierError as error:
    said = str(error)
print(said)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def _in_bounds(folder, name):
    """What reading a file says, and how many MiB it took."""
    done = subprocess.run(
        [sys.executable, "-c", IN_BOUNDS, name, str(folder)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    *said, taken = done.stdout.splitlines()
    return "\n".join(said), int(taken)


def test_a_line_of_a_hundred_megabytes_takes_bounded_memory(tmp_path):
    (tmp_path / "long.csv").write_bytes(b"text,label\n" + b"word " * 20_000_000 + b",x\nb,y\n")
    said, taken = _in_bounds(tmp_path, "long.csv")
    assert said == "2 rows"
    assert taken < 1500


def test_a_file_made_to_fill_the_memory_is_refused(tmp_path):
    with gzip.open(tmp_path / "bomb.csv.gz", "wb") as file:
        for _ in range(400):
            file.write(b"\0" * (1 << 20))
    said, taken = _in_bounds(tmp_path, "bomb.csv.gz")
    assert "unpacks to more than" in said
    assert taken < 600
