"""Missing values: what is absent, and what only looks so."""

from __future__ import annotations

import polars as pl
import pytest
from tests.data.making import LABELS, context, reasons, table

from luthier.data.operators.missing import Missing


@pytest.mark.parametrize("label", [None, "", "  ", "nan", "NaN", "N/A", "NULL", "None", "缺失"])
def test_a_row_without_label_is_dropped(label):
    told = context()
    after = Missing().apply(table([("a", "x"), ("b", label)]), told)
    assert after["text"].to_list() == ["a"]
    assert reasons(told) == {1: "no label"}
    assert told.ledger.table()["before"].to_list() == [label]


@pytest.mark.parametrize("text", [None, "", " \t\n", "NaN", "N/A", "null", "None"])
def test_a_row_without_text_is_dropped(text):
    told = context()
    assert Missing().apply(table([("a", "x"), (text, "x")]), told)["text"].to_list() == ["a"]
    assert reasons(told) == {1: "no text"}


@pytest.mark.parametrize("text", ["none", "nothing", "na", "0", "无", "-"])
def test_a_short_text_is_a_text(text):
    assert len(Missing().apply(table([(text, "x")]), context())) == 1


@pytest.mark.parametrize("label", ["0", "no", "neutral", "na", "无"])
def test_a_short_label_is_a_label(label):
    assert len(Missing().apply(table([("a", label)]), context())) == 1


def test_a_frequent_label_none_is_a_class_and_noted():
    told = context()
    rows = table([(f"a{i}", "none" if i % 2 else "x") for i in range(40)])
    assert len(Missing().apply(rows, told)) == 40
    assert "'none'" in told.notes[0]


def test_a_rare_label_none_is_missing():
    rows = table([(f"a{i}", "x" if i > 2 else "none") for i in range(40)])
    assert len(Missing().apply(rows, context())) == 37


@pytest.mark.parametrize("told", [context(labels={"NULL": "empty"}), context(classes=("null",))])
def test_a_marker_that_the_recipe_or_model_knows_is_a_label(told):
    assert len(Missing().apply(table([("a", "null"), ("b", "nan")]), told)) == 1


def test_markers_can_be_chosen():
    step = Missing(markers=["?"], text_markers=[])
    after = step.apply(table([("NaN", "x"), ("b", "?"), ("c", "nan")]), context())
    assert after["text"].to_list() == ["NaN", "c"]


def test_no_label_at_all_is_an_answer_in_a_list():
    rows = table([("a", "x"), ("b", "x"), ("c", "x")]).with_columns(
        label=pl.Series([["x"], [], None], dtype=pl.List(pl.String))
    )
    assert Missing().apply(rows, context(LABELS))["text"].to_list() == ["a", "b"]
