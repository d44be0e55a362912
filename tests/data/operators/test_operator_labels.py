"""Labels in rows: spelling, lists, numbers."""

from __future__ import annotations

import json

import pytest
from tests.data.making import LABELS, NUMBER, context, reasons, table

from luthier.data.operators.labels import Labels


def _apply(labels, told, **settings):
    return (
        Labels(**settings).apply(table([("a", label) for label in labels]), told)["label"].to_list()
    )


def test_classes_get_the_most_frequent_spelling():
    told = context()
    assert _apply(["positive", "Positive", " POSITIVE ", "positive"], told) == ["positive"] * 4
    assert told.ledger.table().select("row", "before", "after").rows() == [
        (1, "Positive", "positive"), (2, " POSITIVE ", "positive"),
    ]  # fmt: skip


def test_an_abbreviation_is_spelt_out_and_noted():
    told = context()
    assert _apply(["positive", "negative", "pos", "neg"], told) == ["positive", "negative"] * 2
    assert [note.split(" is read")[0] for note in told.notes] == [
        "the label 'pos' (1 rows)", "the label 'neg' (1 rows)",
    ]  # fmt: skip


def test_abbreviations_can_be_left_alone():
    assert _apply(["positive", "pos"], context(), abbreviations=False) == ["positive", "pos"]


def test_spellings_of_the_recipe_go_first():
    told = context(labels={"Bullish": "positive", "看涨": "positive"})
    assert _apply(["bullish", "看涨", "POSITIVE"], told) == ["positive"] * 3


def test_classes_of_a_model_give_the_spelling():
    assert _apply(["positive", "positive", "neg"], context(classes=("POSITIVE", "Neg"))) == [
        "POSITIVE", "POSITIVE", "Neg",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("b; a", ["a", "b"]),
        ("a|b", ["a", "b"]),
        ("a,B,a", ["a", "b"]),
        ("['a', \"b\"]", ["a", "b"]),
        ("b、a", ["a", "b"]),
        ("a，b；", ["a", "b"]),
        ("a", ["a"]),
        (" ", []),
    ],
)
def test_lists_in_text_are_cut(cell, expected):
    assert _apply(["a", "b", cell], context(LABELS))[2] == expected


def test_labels_of_lists_are_spelt_alike():
    assert _apply(["Red; blue", "red", "red"], context(LABELS)) == [
        ["blue", "red"],
        ["red"],
        ["red"],
    ]


@pytest.mark.parametrize(
    ("cell", "number"),
    [("1,234", 1234.0), ("1,234,567.5", 1234567.5), ("3,5", 3.5), (" -2 ", -2.0), ("1e3", 1000.0)],
)
def test_numbers_are_read(cell, number):
    assert _apply([cell], context(NUMBER)) == [number]


@pytest.mark.parametrize("cell", ["x", "nan", "inf", "", "1.2.3", "五", None])
def test_what_is_no_number_is_dropped(cell):
    told = context(NUMBER)
    assert _apply(["1", cell], told) == [1.0]
    assert reasons(told) == {1: "label is not a number"}


def test_words_of_one_meaning_are_merged_noted_and_entered():
    told = context()
    assert _apply(["positive", "正面", "positive", "负面"], told) == ["positive"] * 3 + ["负面"]
    assert told.ledger.table().select("row", "before", "after").rows() == [(1, "正面", "positive")]
    assert "'正面' (1 rows) means the same as 'positive'" in told.notes[0]
    assert _apply(["positive", "正面"], context(), synonyms=False) == ["positive", "正面"]


def test_class_names_and_spellings_are_kept_for_later_rows():
    told = context()
    rows = table(
        [("a", "正面"), ("b", "Positive"), ("c", "正面"), ("d", "x")], ["train"] * 3 + ["test"]
    )
    step = Labels()
    step.apply_divided(step.apply(rows, told), told)
    assert told.fitted["labels"] == {"spelling": {"Positive": "正面"}, "classes": ["正面"]}
    later = context(fitted=json.loads(json.dumps(told.fitted)))
    assert _apply(["POSITIVE", "好评", "positive"], later) == ["正面"] * 3
    assert later.fitted == told.fitted
