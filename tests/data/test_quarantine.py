"""Rows that were dropped can be read, edited and put back."""

from __future__ import annotations

import csv

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luthier.core.errors import DataError
from luthier.data.prepare import prepare
from luthier.data.quarantine import _read, quarantined, write_quarantine
from luthier.data.roles import ROW
from luthier.recipe.schema import Data
from luthier.tasks.classify import Classify

SOUND = [(f"sentence number {n} of many", "good" if n % 2 else "bad") for n in range(40)]
FAULTY = [("twice the same", "good"), ("twice the same", "good"), ("", "bad"), ("said", "bad")]


@pytest.fixture
def folder(tmp_path):
    rows = [",".join(row) for row in (*SOUND, *FAULTY, ("said", "good"))]
    (tmp_path / "train.csv").write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    return tmp_path


def _prepare(folder, **data):
    config = Data(**{"train": "train.csv", **data})
    return prepare(config, Classify().roles(), base_dir=folder, folder=folder / "out")


def _rows(prepared):
    return pl.concat(prepared.splits.values()).sort(ROW)


def test_the_file_has_every_dropped_row_as_it_came(folder):
    prepared = _prepare(folder)
    file = pl.read_csv(folder / "out" / "quarantine.csv")
    assert file.columns == ["source", "row", "operator", "reason", "text", "label"]
    assert file.sort("row").select("row", "operator", "label").rows() == [
        (41, "duplicates", "good"),
        (42, "missing", "bad"),
        (43, "conflicts", "bad"),
        (44, "conflicts", "good"),
    ]
    assert len(_rows(prepared)) == 41


def test_sound_rows_that_were_not_wanted_are_not_in_it(folder):
    prepared = _prepare(folder, limit=20)
    assert set(prepared.quarantine["operator"]) <= {
        "duplicates", "missing", "conflicts",
    }  # fmt: skip


def _edit(folder, change):
    """A copy of the quarantine file after someone worked on it."""
    file = pl.read_csv(folder / "out" / "quarantine.csv")
    change(file).write_csv(folder / "edited.csv")


def test_what_stays_in_the_file_is_put_back_as_it_is_there(folder):
    _prepare(folder)
    text = pl.when(pl.col("row") == 42).then(pl.lit("now with text")).otherwise("text")
    _edit(folder, lambda file: file.with_columns(text.alias("text")).filter(pl.col("row") != 44))
    again = _prepare(folder, restore=["edited.csv"])
    rows = _rows(again)
    assert rows[ROW].to_list() == [*range(44)]
    assert rows["text"].to_list()[40:] == ["twice the same"] * 2 + ["now with text", "said"]
    dropped = again.ledger.filter(pl.col("action") == "dropped")["row"].to_list()
    assert dropped == [44]
    edited = again.ledger.filter(pl.col("operator") == "restore")
    assert edited.select("row", "before", "after").rows() == [(42, "", "now with text")]
    assert again.card["operators"]["restore"]["changed"] == 1


def test_a_row_without_text_stays_out_even_so(folder):
    _prepare(folder)
    _edit(folder, lambda file: file)
    assert 42 not in _rows(_prepare(folder, restore=["edited.csv"]))[ROW].to_list()


def test_an_unknown_row_is_refused(folder):
    _prepare(folder)
    _edit(folder, lambda file: file.with_columns(row=pl.col("row") + 900))
    with pytest.raises(DataError, match=r"the first is row 94\d of train\.csv"):
        _prepare(folder, restore=["edited.csv"])


def test_another_table_is_refused(folder):
    with pytest.raises(DataError, match="no quarantine file"):
        _prepare(folder, restore=["train.csv"])


def test_only_the_first_reason_counts():
    raw = pl.DataFrame({"text": ["a"], "_source": ["s"], "_row": [0], "_split": ["train"]})
    entry = {"source": "s", "row": 0, "action": "dropped", "before": "", "after": ""}
    ledger = pl.DataFrame([
        entry | {"operator": "missing", "reason": "no text"},
        entry | {"operator": "duplicates", "reason": "same"},
    ])  # fmt: skip
    assert quarantined(raw, ledger)["operator"].to_list() == ["missing"]


CELLS = ["=1+1", "+49 30 1", "-5 today", "@anna hi", "'=quoted", "''-x", "\t=x", "'tis", "a=b"]
TEXTS = st.one_of(st.sampled_from(CELLS), st.text("=+-@'ab\t\n,\"", min_size=1))


@settings(deadline=None, max_examples=100)
@given(texts=st.lists(TEXTS, min_size=1, max_size=5))
def test_no_cell_is_a_formula_and_each_comes_back_as_it_was(tmp_path_factory, texts):
    rows = pl.DataFrame({"source": "s", "row": range(len(texts)), "text": texts})
    path = write_quarantine(rows, tmp_path_factory.mktemp("q"))
    with path.open(encoding="utf-8-sig", newline="") as file:
        written = [row["text"] for row in csv.DictReader(file)]
    assert not any(cell.startswith(tuple("=+-@\t")) for cell in written)
    assert _read(path.name, path.parent)["text"].to_list() == texts
