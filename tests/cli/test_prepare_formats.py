"""``luthier prepare`` on every format: what it recognises, prints, writes and reads again."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from PIL import Image
from tests.conftest import table
from tests.helpers import here

from luthier.data.formats import recognise
from luthier.data.ledger import SCHEMA
from luthier.data.sources import read_source

COUNT = 24
ACTORS = ["Ann", "Bo", "Cleo", "Dag", "Eli", "Fay", "Gus", "Hal"]
PLACES = ["the harbour", "a small bakery", "platform nine", "the old library", "a glass house"]
THINGS = ["letters", "apples", "clocks", "maps", "kites", "lamps", "shoes"]


def sentences() -> list[str]:
    """Different sentences of three varying parts."""
    choose = random.Random(3)
    all_parts = [(a, p, t) for a in ACTORS for p in PLACES for t in THINGS]
    parts = choose.sample(all_parts, COUNT)
    return [f"{a} sorted {7 + 3 * n} {t} at {p}." for n, (a, p, t) in enumerate(parts)]


def turns(asked: str, said: str, one: str = "role", other: str = "content") -> list[dict[str, str]]:
    names = ("user", "assistant") if one == "role" else ("human", "gpt")
    return [{one: names[0], other: asked}, {one: names[1], other: said}]


def squad(text: str) -> dict[str, Any]:
    number = text.split()[2]
    answers = {"text": [number], "answer_start": [text.index(number)]}
    return {"question": f"How many for {text.split()[0]}?", "context": text, "answers": answers}


def words(text: str) -> dict[str, Any]:
    tokens = text.split()
    return {"tokens": tokens, "ner_tags": ["B-PER", *["O"] * (len(tokens) - 1)]}


LINES: dict[str, Callable[[str], dict[str, Any]]] = {
    "alpaca": lambda t: {"instruction": f"Shorten: {t}", "input": "", "output": t[:20]},
    "sharegpt": lambda t: {"conversations": turns(t, t.upper(), "from", "value")},
    "messages": lambda t: {"messages": turns(t, t[::-1])},
    "prompt,completion": lambda t: {"question": t, "answer": f"Indeed: {t}"},
    "prompt,chosen,rejected": lambda t: {"prompt": t, "chosen": f"{t} Yes.", "rejected": f"{t} No"},
    "prompt,completion,label": lambda t: {"prompt": t, "completion": f"So {t}", "label": "a" in t},
    "squad": squad,
    "tokens,ner_tags": words,
    "source,target": lambda t: {"document": t, "summary": " ".join(t.split()[:3])},
}


def conll(text: str) -> str:
    return "".join(f"{w}\t{t}\n" for w, t in zip(*words(text).values(), strict=True)) + "\n"


def conllu(text: str) -> str:
    lines = [f"# text = {text}"]
    for n, word in enumerate(text.split(), 1):
        relation, misc = ("root", "NER=B-PER") if n == 1 else ("dep", "NER=O")
        lines.append(f"{n}\t{word}\t{word.lower()}\tX\t_\t_\t{n - 1}\t{relation}\t_\t{misc}")
    return "\n".join([*lines, "", ""])


def images(folder: Path) -> str:
    rows = ["file,class"]
    for n, name in enumerate(["day", "night"] * (COUNT // 2)):
        Image.new("RGB", (20, 20), (200 * (n % 2), 5 * n, 90)).save(folder / f"{name}{n}.png")
        rows.append(f"{name}{n}.png,{name}")
    (folder / "images.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return "images.csv"


def made(name: str, folder: Path) -> str:
    """A file in a format; what it is called."""
    if name == "image,label":
        return images(folder)
    joined = {"conll": conll, "conllu": conllu}.get(name)
    if joined is not None:
        file, lines = f"{name}.{name}", [joined(text) for text in sentences()]
    else:
        file, lines = "rows.jsonl", [json.dumps(LINES[name](t)) + "\n" for t in sentences()]
    (folder / file).write_text("".join(lines), encoding="utf-8")
    return file


@pytest.mark.parametrize("name", [*LINES, "conll", "conllu", "image,label"])
def test_each_format_is_named_mapped_written_and_read_again(tmp_path, name):
    file = made(name, tmp_path)
    done = here("prepare", file, "--to", name, "data.steps.near_duplicates=false", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    columns = recognise(read_source(file, base_dir=tmp_path).rows).columns
    mapped = ", ".join(f"{role} <- {column}" for role, column in columns.items())
    (line,) = (line for line in done.stdout.splitlines() if line.startswith(f"{file} "))
    assert line.split(maxsplit=3) == [file, str(COUNT), name, mapped]
    for split in ("train", "validation", "test"):
        rows = pl.read_parquet(tmp_path / "prepared" / f"{split}.parquet")
        (again,) = (tmp_path / "prepared").glob(f"{split}.[jc]*")
        raw = read_source(f"prepared/{again.name}", base_dir=tmp_path)
        found = recognise(raw.rows, raw.folder)
        assert found.format == name
        for column in (c for c in found.rows.columns if c in rows.columns):
            assert found.rows[column].to_list() == rows[column].to_list(), column


@pytest.mark.parametrize(("name", "to", "fits"), [
    ("conllu", "conll", True), ("squad", "conllu", False), ("source,target", "alpaca", True),
    ("messages", "sharegpt", True), ("tokens,ner_tags", "conll", True),
])  # fmt: skip
def test_another_format_is_written_where_there_is_a_way(tmp_path, name, to, fits):
    file = made(name, tmp_path)
    done = here("prepare", file, "--to", to, "--json", cwd=tmp_path)
    if not fits:
        assert done.returncode == 2
        assert "cannot be written as" in done.stderr
        assert not (tmp_path / "prepared").exists()
        return
    result = json.loads(done.stdout)
    assert set(result["converted"]) == {"train", "validation", "test"}
    assert all((tmp_path / path).is_file() for path in result["converted"].values())
    assert result["unwritten"] == 0
    raw = read_source(result["converted"]["train"], base_dir=tmp_path)
    assert recognise(raw.rows).format == to


def test_what_machines_are_told(tmp_path):
    file = made("squad", tmp_path)
    with (tmp_path / file).open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(squad(sentences()[0]) | {"context": "Nothing of it."}) + "\n")
    done = here("prepare", file, "--json", cwd=tmp_path)
    result = json.loads(done.stdout)
    assert result["rows_in"] == COUNT + 1
    assert result["rows_out"] == sum(
        pl.read_parquet(tmp_path / path).height for path in result["prepared"].values()
    )
    assert all(
        set(counts) == {"dropped", "changed", "added", "flagged"}
        for counts in result["operators"].values()
    )
    ledger = pl.read_parquet(tmp_path / result["ledger"])
    assert ledger.schema == SCHEMA
    lost = ledger.filter(action="dropped")
    assert (COUNT, "missing") in lost.select("row", "operator").rows()
    assert set(ledger["source"]) == {file}
    assert result["rows_in"] - result["rows_out"] == len(lost) == sum(
        counts["dropped"] for counts in result["operators"].values()
    )  # fmt: skip


def store(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE news (text TEXT, label TEXT)")
        connection.executemany("INSERT INTO news VALUES (?, ?)", table(40))
    connection.close()


@pytest.mark.parametrize("spec", [
    "sqlite:///news.db#news[:30]",
    "sqlite:///news.db#SELECT text, label FROM news ORDER BY rowid LIMIT 30",
])  # fmt: skip
def test_a_database_is_given_like_a_file(tmp_path, spec):
    store(tmp_path / "news.db")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    done = here("prepare", spec, "--dry-run", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows_in"] == 30
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


RECIPE = """
data:
  train:
    - {source: "news.csv[:20]", weight: 2}
    - {source: "sqlite:///news.db#news", columns: {text: text, label: label}}
  test: news.csv[30:]
"""


def test_a_recipe_of_several_sources_gives_the_same_bytes_on_any_workers(tmp_path):
    store(tmp_path / "news.db")
    pl.DataFrame(table(40, 5), schema=["text", "label"], orient="row").write_csv(
        tmp_path / "news.csv"
    )
    (tmp_path / "data.yaml").write_text(RECIPE, encoding="utf-8")
    for workers in ("1", "2"):
        done = here("prepare", "data.yaml", "--workers", workers, "--output", f"out{workers}",
                    "--json", cwd=tmp_path)  # fmt: skip
        assert done.returncode == 0, done.stderr
    for file in sorted((tmp_path / "out1").iterdir()):
        assert file.read_bytes() == (tmp_path / "out2" / file.name).read_bytes(), file.name
    result = json.loads(done.stdout)
    assert result["operators"]["weight"]["added"] > 0
    assert [entry.get("slice") for entry in result["sources"]] == ["[:20]", None, "[30:]"]
    assert [entry.get("weight") for entry in result["sources"]] == [2.0, None, None]
