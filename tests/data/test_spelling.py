"""Which labels are one class, and which only look so."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luthier.data.spelling import fold, settle, trim
from luthier.data.synonyms import CONCEPTS


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


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["positive", "正面", "积极", "好评", "POS"], 1),
        (["负面", "Negative", "差评", "消極"], 1),
        (["中性", "neutral"], 1),
        (["yes", "是", "True", "no", "否", "假"], 2),
        (["spam", "垃圾邮件", "ham"], 2),
        (["pos", "积极", "neg", "消极"], 2),
        (["好", "非常好", "一般", "差", "非常差"], 5),
        (["1", "0", "positive", "negative"], 4),
        (["好", "好评", "positive"], 2),
        (["正面", "负面", "中性"], 3),
        (["周一", "Monday", "一月", "January"], 4),
        (["积极的", "positive"], 2),
        (["非正面", "positive", "not positive"], 3),
        (["very positive", "非常正面"], 2),
    ],
)
def test_words_of_one_meaning_are_one_class_and_degrees_are_not(labels, classes):
    assert len(set(_of(labels).values())) == classes


def test_the_class_is_named_by_most_rows_or_as_settled():
    counts = {"正面": 30, "positive": 10, "积极": 5}
    assert set(_of(counts).values()) == {"正面"}
    assert set(_of(counts, classes=("positive",)).values()) == {"positive"}
    assert set(_of(counts, aliases={"good": "积极"}).values()) == {"积极"}


def test_two_settled_classes_of_one_meaning_stay_two():
    assert _of({"yes": 1, "是": 1}, classes=("yes", "是")) == {"yes": "yes", "是": "是"}


def test_synonyms_are_reported_and_can_be_left_alone():
    spelling = settle({"正面": 1, "Positive": 9, "pos": 2}, aliases={})
    assert spelling.synonyms == {"正面": "Positive"}
    assert spelling.abbreviations == {"pos": "Positive"}
    assert len(set(_of({"正面": 1, "positive": 9}, synonyms=False).values())) == 2


def test_no_word_names_two_classes():
    words = [word for concept in CONCEPTS for word in concept]
    assert len(words) == len(set(words))
    assert [word for word in words if fold(word) != word] == []
