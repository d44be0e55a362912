"""What gives the label away is found, and what is only telling is not."""

from __future__ import annotations

import random

import polars as pl
import pytest
from tests.data.making import LABEL, TEXT, table
from tests.public import LABELLED, labelled, needs_data

from luthier.data.ledger import Ledger
from luthier.data.operator import Context
from luthier.data.operators.leakage import Leakage, explained
from luthier.data.roles import Role
from luthier.data.sources import read_source

CHOOSE = random.Random(0)
CELLS = [(f"text {CHOOSE.random()} of no meaning {n}", "abc"[n % 3]) for n in range(300)]


def _found(rows, *extras):
    told = Context((TEXT, LABEL, *(Role(name, "extra") for name in extras)), Ledger())
    assert Leakage().apply_divided(rows, told).equals(rows)
    return told.findings


def _with(**columns):
    return table(CELLS).with_columns(**{k: pl.Series(v, strict=False) for k, v in columns.items()})


def test_a_column_that_is_the_label_in_other_words():
    (found,) = _found(_with(code=[{"a": 1, "b": 2, "c": 3}[label] for _, label in CELLS]), "code")
    assert found.fields == {"column": "code", "told": 100}
    assert found.examples


def test_gaps_that_tell():
    rows = [(text, "a" if label == "a" else "b") for text, label in CELLS]
    why = [f"reason {n}" if label == "a" else None for n, (_, label) in enumerate(rows)]
    (found,) = _found(table(rows).with_columns(why=pl.Series(why)), "why")
    assert "empty" in found.message


@pytest.mark.parametrize("values", [
    list(range(300)), [n % 7 for n in range(300)], ["x"] * 300, [None] * 300,
    [label if CHOOSE.random() < 0.6 else "?" for _, label in CELLS],
])  # fmt: skip
def test_columns_that_tell_nothing_or_little(values):
    assert _found(_with(other=values), "other") == []


@pytest.mark.parametrize(("make", "word"), [
    (lambda text: f"REFUND: {text}", "begins"), (lambda text: f"{text} (sent by bot)", "ends"),
])  # fmt: skip
def test_a_word_that_only_one_class_has(make, word):
    cells = [(make(text) if label == "a" else text, label) for text, label in CELLS]
    (found,) = _found(table(cells))
    assert f"'{{word}}' {word}" in found.message
    assert found.fields["label"] == "a"


def test_explained_is_measured_on_rows_that_did_not_teach_it():
    labels = pl.Series([label for _, label in CELLS])
    assert explained(labels, labels) == 1.0
    assert explained(pl.Series([str(n) for n in range(300)]), labels) <= 0.0


@needs_data
@pytest.mark.parametrize("name", ["sst2", "chinese", "news", "news50", "questions"])
def test_sound_data_raise_no_alarm(name):
    found = _found(table(list(labelled(name, 4000).iter_rows())))
    assert all(finding.harm < 0.3 for finding in found)
    assert name == "questions" or not found


@needs_data
def test_the_reason_for_being_negative_gives_it_away():
    from tests.public import FOLDER

    path, text, label = LABELLED["airline"]
    raw = read_source(path, base_dir=FOLDER).rows
    rows = table(list(raw.select(text, label).iter_rows())).with_columns(
        raw["negativereason"], raw["airline"], raw["user_timezone"]
    )
    rows = rows.with_columns(
        label=pl.when(pl.col("label") == "negative").then(pl.lit("negative")).otherwise(
            pl.lit("other")
        )
    )  # fmt: skip
    found = _found(rows, "negativereason", "airline", "user_timezone")
    assert [finding.fields["column"] for finding in found] == ["negativereason"]
