"""Which labels are one class, and which only look so."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luthier.data.spelling import fold, settle, trim


def _of(labels, **more):
    counts = labels if isinstance(labels, dict) else dict.fromkeys(labels, 1)
    return dict(settle(counts, **{"aliases": {}, **more}).of)


@pytest.mark.parametrize(
    "labels",
    [
        ["Positive", "positive", " POSITIVE ", "positive.", "positive ."],
        ["not good", "not_good", "Not-Good", "not  good"],
        ["1", "1.0", " 1.00 ", "１"],
        ["积极", " 积极 ", "积极\u3000"],
        ["Ｐos", "Pos"],
        ["café", "cafe\u0301"],
        ["Straße", "STRASSE"],
        ["-1", "-1.0"],
    ],
    ids=lambda labels: labels[0],
)
def test_spellings_of_one_class(labels):
    assert set(_of(labels).values()) == {trim(labels[0])}


@pytest.mark.parametrize(
    "labels",
    [
        ["positive", "negative"],
        ["0", "1", "0.5", "10", "-1"],
        ["1", "01"],
        ["积极", "积极的", "消极"],
        ["C", "C++", "C#"],
        ["a-1", "a1"],
        ["neu", "neutral", "neural"],
        ["pro", "product"],
        ["not good", "good"],
        ["+", "-"],
        ["cafe", "café"],
    ],
    ids=lambda labels: labels[0],
)
def test_classes_that_stay_apart(labels):
    assert len(set(_of(labels).values())) == len(labels)


def test_the_most_frequent_spelling_names_the_class():
    assert set(_of({"POS": 2, "Pos": 3, "pos": 1}).values()) == {"Pos"}


def test_the_usual_abbreviations_are_read_however_frequent():
    spelt = _of({"pos": 90, "positive": 10, "neg": 50, "negative": 60, "neu": 5, "neutral": 1})
    assert set(spelt.values()) == {"positive", "negative", "neutral"}


@pytest.mark.parametrize(("rare", "merged"), [(1, True), (2, True), (3, False), (9, False)])
def test_other_beginnings_are_abbreviations_where_they_are_rare(rare, merged):
    spelt = _of({"comp": rare, "complaint": 9, "praise": 9})
    assert (spelt["comp"] == "complaint") == merged


def test_a_beginning_of_two_classes_is_no_abbreviation():
    assert _of({"comp": 1, "complaint": 50, "compliment": 50})["comp"] == "comp"


@pytest.mark.parametrize("short", ["co", "c"])
def test_one_or_two_letters_are_no_abbreviation(short):
    assert _of({short: 1, "complaint": 50})[short] == short


def test_a_settled_class_is_no_abbreviation():
    assert _of({"pos": 1, "positive": 50}, classes=("pos", "positive"))["pos"] == "pos"


def test_abbreviations_are_reported():
    spelling = settle({"pos": 1, "positive": 9}, aliases={})
    assert spelling.abbreviations == {"pos": "positive"}
    assert settle({"pos": 1, "positive": 9}, aliases={}, abbreviations=False).abbreviations == {}


def test_aliases_and_classes_name_the_class():
    assert _of({"BULLISH": 9, "positive": 1}, aliases={"bullish": "Positive"}) == {
        "BULLISH": "Positive", "positive": "Positive",
    }  # fmt: skip
    assert _of({"POS": 9}, classes=("Pos",)) == {"POS": "Pos"}


@settings(deadline=None, max_examples=150)
@given(st.dictionaries(st.text(max_size=5), st.integers(1, 50), max_size=8), st.booleans())
def test_every_label_gets_one_spelling_that_depends_on_no_order(counts, abbreviations):
    spelt = _of(counts, abbreviations=abbreviations)
    assert set(spelt) == set(counts)
    groups = [{one for one in counts if spelt[one] == spelt[other]} for other in counts]
    turned = _of(dict(reversed(counts.items())), abbreviations=abbreviations)
    assert groups == [{one for one in counts if turned[one] == turned[other]} for other in counts]


@settings(deadline=None, max_examples=150)
@given(st.text(max_size=8))
def test_blanks_and_case_never_matter(label):
    assert trim(trim(label)) == trim(label)
    assert fold(f" {label}\t") == fold(label)
