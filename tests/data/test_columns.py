"""From the columns of a source to the roles of the task."""

from __future__ import annotations

import polars as pl
import pytest
from tests.data.making import LABEL, LABELS, TEXT, assert_helpful

from luthier.core.errors import DataError
from luthier.data.columns import map_columns
from luthier.data.roles import Role
from luthier.data.sources import Raw
from luthier.tasks.classify import Classify


def _raw(**columns):
    return Raw("s.csv", pl.DataFrame(columns, strict=False))


def _found(names, mapping=None, roles=None):
    raw = _raw(**{name: ["a", "b"] for name in names})
    return map_columns(raw, roles or Classify().roles(), mapping or {})[1]


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("text", "label"),
        ("sentence", "sentiment"),
        ("Review", "Category"),
        (" TEXT ", "LABEL"),
        ("文本", "标签"),
        ("评论", "情感"),
        ("内容", "类别"),
        ("tweet", "target"),
    ],
)
def test_usual_names_are_found(text, label):
    assert _found(["id", label, text, "date"]) == {"text": text, "label": label}


def test_the_name_of_the_role_goes_before_its_synonyms():
    assert _found(["title", "class", "text", "label"]) == {"text": "text", "label": "label"}


def test_the_recipe_goes_before_all():
    found = _found(["text", "label", "Body", "mood"], {"text": "body", "label": "mood"})
    assert found == {"text": "Body", "label": "mood"}


def test_the_name_that_the_task_gives_must_be_there():
    roles = Classify(text="remarks", label="label").roles()
    assert _found(["remarks", "text", "label"], roles=roles)["text"] == "remarks"
    with pytest.raises(DataError, match="no column 'remarks'") as caught:
        _found(["remark", "label"], roles=roles)
    assert_helpful(caught.value, "s.csv")
    assert "'remark'" in caught.value.render()


def test_the_only_text_left_is_the_text_and_that_is_noted():
    raw = _raw(was_gesagt=["a", "b"], label=["x", "y"], n=[1, 2])
    assert map_columns(raw, [TEXT, LABEL], {})[1]["text"] == "was_gesagt"
    assert "'was_gesagt' is taken as text" in raw.notes[0]


def test_two_texts_left_are_no_guess():
    with pytest.raises(DataError, match="recognisable as text") as caught:
        _found(["one", "two", "label"])
    assert_helpful(caught.value, "s.csv")


def test_a_missing_column_is_refused_with_the_nearest_name():
    with pytest.raises(DataError, match="recognisable as label") as caught:
        _found(["text", "date", "sentment"])
    assert "data.columns.label=sentment" in caught.value.render()


def test_a_wrong_mapping_is_refused_with_the_nearest_name():
    with pytest.raises(DataError, match="no column 'txet'") as caught:
        _found(["text", "label"], {"text": "txet"})
    assert "'text'" in (caught.value.render())


def test_an_unknown_role_is_refused_with_the_nearest_name():
    with pytest.raises(DataError, match="no role 'labl'") as caught:
        _found(["text", "label"], {"labl": "label"})
    assert "'label'" in caught.value.render()


def test_one_column_serves_one_role():
    with pytest.raises(DataError, match="two roles") as caught:
        _found(["text", "label"], {"text": "text", "label": "text"})
    assert_helpful(caught.value, "s.csv")


def test_texts_to_predict_for_need_no_label():
    table, found = map_columns(_raw(text=["a"]), [TEXT, LABEL], {}, labelled=False)
    assert (found, table.columns) == ({"text": "text"}, ["text"])


@pytest.mark.parametrize(
    ("values", "as_text"),
    [
        ([1, 0, None], ["1", "0", None]),
        ([1.0, 0.0, None], ["1", "0", None]),
        ([1.5, 0.0], ["1.5", "0.0"]),
        ([1.0, float("nan")], ["1.0", "NaN"]),
        ([True, False], ["true", "false"]),
        ([2.0**60], ["1152921504606846976.0"]),
    ],
)
def test_numbers_as_labels(values, as_text):
    raw = _raw(text=["a"] * len(values), label=values)
    labels = map_columns(raw, [TEXT, LABEL], {})[0]["label"].to_list()
    assert labels == as_text or [float(label) for label in labels] == values


@pytest.mark.parametrize(
    ("lists", "as_text"),
    [
        ([["a", "b"], []], [["a", "b"], []]),
        ([[1, 2], None], [["1", "2"], None]),
        ([[1.0], [2.0, 3.0]], [["1"], ["2", "3"]]),
        ([[0.5], [1.5, 1.0]], [["0.5"], ["1.5", "1.0"]]),
        ([[1.0, float("nan")]], [["1.0", "NaN"]]),
    ],
)
def test_lists_of_labels(lists, as_text):
    raw = _raw(text=["a"] * len(lists), label=lists)
    assert map_columns(raw, [TEXT, LABELS], {})[0]["label"].to_list() == as_text


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([["a"], ["b"]], "lists"),
        ([{"a": 1}, {"a": 2}], "nested objects"),
        ([b"a", b"b"], "bytes"),
        (pl.Series([1, 2], dtype=pl.Duration), "durations"),
    ],
)
def test_what_no_text_can_be_made_of_is_refused(values, kind):
    with pytest.raises(DataError, match=kind) as caught:
        map_columns(_raw(text=["a", "b"], label=values), [TEXT, LABEL], {})
    assert_helpful(caught.value, "s.csv")


def test_a_role_that_is_not_required_may_be_absent():
    extra = Role("hint", "text", ("clue", "tip"), required=False)
    assert "hint" not in _found(["text", "label"], roles=[TEXT, LABEL, extra])
