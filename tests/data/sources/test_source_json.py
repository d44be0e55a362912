"""JSON and JSON lines, well formed and not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.data.making import assert_helpful, read

from luthier.core.errors import DataError, LuthierError
from luthier.data.sources.jsons import read_json

VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


def test_columns_are_those_of_all_rows(tmp_path):
    raw = read(tmp_path, "t.jsonl", '{"text": "a"}\n\n{"label": "x", "text": "b"}\n')
    assert raw.rows.to_dicts() == [{"text": "a", "label": None}, {"text": "b", "label": "x"}]


def test_numbers_among_text_become_text(tmp_path):
    raw = read(tmp_path, "t.json", '[{"label": 1}, {"label": "x"}, {"label": null}]')
    assert raw.rows["label"].to_list() == ["1", "x", None]


def test_single_labels_among_lists_become_lists(tmp_path):
    raw = read(tmp_path, "t.json", '[{"tags": ["a", "b"]}, {"tags": "a"}, {"tags": null}]')
    assert raw.rows["tags"].to_list() == [["a", "b"], ["a"], None]


def test_half_a_surrogate_pair_is_replaced(tmp_path):
    assert read(tmp_path, "t.json", '[{"text": "a\\ud800"}]').rows["text"].to_list() == ["a?"]


@pytest.mark.parametrize(
    ("name", "content", "where"),
    [
        ("t.json", '[{"text": "a"},\n{"text": }]', "t.json:2"),
        ("t.jsonl", '{"text": "a"}\n{"text": \n', "t.jsonl:2"),
        ("t.jsonl", '{"text": "a"}\n\n["b"]\n', "t.jsonl, line 3"),
        ("t.json", '[{"text": "a"}, 3]', "t.json, row 2"),
        ("t.json", '{"name": "x"}', "t.json"),
        ("t.json", '"text"', "t.json"),
        ("t.json", "[]", "t.json"),
        ("t.json", "[{}]", "t.json"),
        ("t.json", '{"a": [1, 2], "b": [1]}', "t.json"),
        ("t.json", "[" * 100_000, "t.json"),
        ("t.jsonl", '{"a": ' + "[" * 100_000, "t.jsonl:1"),
        ("t.json", '[{"a": ' + "1" * 5000 + "}]", "t.json"),
        ("t.jsonl", '{"a": ' + "1" * 5000 + "}", "t.jsonl:1"),
    ],
)
def test_what_is_no_rows_is_refused_with_its_line(tmp_path, name, content, where):
    with pytest.raises(DataError) as caught:
        read(tmp_path, name, content)
    assert_helpful(caught.value, where)


@settings(deadline=None, max_examples=150)
@given(st.lists(st.dictionaries(st.sampled_from(["text", "label", "x"]), VALUE), max_size=4))
def test_any_objects_are_rows_or_one_error(rows):
    try:
        frame = read_json(json.dumps(rows), "t.json")
    except LuthierError as error:
        assert not any(rows)
        assert error.hint
    else:
        assert len(frame) == len(rows)
        assert set(frame.columns) == {key for row in rows for key in row}
