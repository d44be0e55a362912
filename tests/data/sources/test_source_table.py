"""Text tables as people write them: repaired with a note, or refused with a place."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.data.making import assert_helpful, read

from luthier.core.errors import DataError
from luthier.data.sources.table import detect_delimiter, read_table

CELL = st.text(
    st.one_of(
        st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]),
        st.sampled_from('\n",;\t|中文，。'),
    ),
    max_size=12,
)


def _csv(rows: list[tuple[str, ...]], delimiter: str = ",") -> str:
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(rows)
    return file.getvalue()


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=6), st.sampled_from(",;|"))
def test_any_text_survives_a_quoted_table(rows, delimiter):
    rows = [(text, label + "x") for text, label in rows]
    frame, _ = read_table(_csv([("text", "label"), *rows], delimiter), "t.csv", delimiter)
    assert frame.rows() == rows


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_detected_beside_others_in_the_text(delimiter):
    rows = [("text", "label"), *((f"a, b; c {i}", "pos") for i in range(5))]
    assert detect_delimiter(_csv(rows, delimiter)) == delimiter


def test_line_ends_inside_quotes_stay(tmp_path):
    raw = read(tmp_path, "t.csv", 'text,label\n"one\ntwo",x\nthree,y\n')
    assert raw.rows.rows() == [("one\ntwo", "x"), ("three", "y")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system(tmp_path, end):
    raw = read(tmp_path, "t.csv", end.join(["text,label", "a,x", "b,y", ""]))
    assert raw.rows.rows() == [("a", "x"), ("b", "y")]


def test_short_rows_are_filled_and_noted_with_their_line(tmp_path):
    raw = read(tmp_path, "t.csv", "text,label\na,x\nb\nc,y\n")
    assert raw.rows.rows() == [("a", "x"), ("b", None), ("c", "y")]
    assert any("fewer cells" in note and "lines 3" in note for note in raw.notes)


def test_extra_cells_are_joined_to_the_longest_column_and_noted(tmp_path):
    content = "label,text\nx,a long sentence\ny,one, two, three\n"
    raw = read(tmp_path, "t.csv", content)
    assert raw.rows["text"].to_list() == ["a long sentence", "one, two, three"]
    assert any("joined to column 'text'" in note and "lines 3" in note for note in raw.notes)


def test_empty_extra_cells_are_dropped_and_noted(tmp_path):
    raw = read(tmp_path, "t.csv", "text,label\na,x,,\nb,y\n")
    assert raw.rows.rows() == [("a", "x"), ("b", "y")]
    assert any("all empty" in note for note in raw.notes)


def test_blank_rows_and_repeated_headers_go(tmp_path):
    raw = read(tmp_path, "t.csv", "text,label\na,x\n\n , \ntext,label\nb,y\n")
    assert raw.rows.rows() == [("a", "x"), ("b", "y")]
    assert any("repeat the header" in note for note in raw.notes)


def test_names_missing_or_twice_are_made_unique_and_noted(tmp_path):
    raw = read(tmp_path, "t.csv", "text,text,, label \na,b,c,d\n")
    assert raw.rows.columns == ["text", "text_2", "column_3", "label"]
    assert len(raw.notes) == 2


def test_a_quote_inside_a_quoted_cell_is_text(tmp_path):
    raw = read(tmp_path, "t.csv", 'text,label\n"the "best" one",x\nb,y\n')
    assert raw.rows.rows() == [('the "best" one', "x"), ("b", "y")]


def test_quotes_in_tables_with_tabs_are_text_and_line_ends_no_part_of_it(tmp_path):
    raw = read(tmp_path, "t.tsv", 'text\tlabel\r\n"so" it is\tx\r\nb\ty\r\n')
    assert raw.rows.rows() == [('"so" it is', "x"), ("b", "y")]


def test_a_cell_of_ten_megabytes_is_whole(tmp_path):
    big = "word " * 2_000_000
    for content in (f"text,label\n{big},x\nb,y\n", f'text,label\n"{big}\nend",x\nb\n'):
        assert len(read(tmp_path, "t.csv", content).rows["text"][0]) >= len(big)


def test_a_cell_that_swallowed_lines_is_noted(tmp_path):
    inside = "line\n" * 200
    raw = read(tmp_path, "t.csv", f'text,label\n"{inside}",x\nb,y\n')
    assert any("a quote may be open" in note for note in raw.notes)


def test_a_quote_never_closed_is_refused_with_its_line(tmp_path):
    with pytest.raises(DataError, match="never closed") as caught:
        read(tmp_path, "t.csv", 'text,label\na,x\n"b,y\nc,z\n')
    assert_helpful(caught.value, "t.csv:3")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\n,,\n,\n", "empty"),
        (b"text,label\n", "no rows"),
        (b"text,label\n,\n , \n", "no rows"),
        (bytes(range(256)) * 20, "binary"),
        (b"text,label\nab\x00c,x\n", "binary"),
        (b"text,label\n\x01\x02\x03\x04,x\n", "binary"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, content, says):
    with pytest.raises(DataError, match=says) as caught:
        read(tmp_path, "t.csv", content)
    assert_helpful(caught.value, "t.csv")


@pytest.mark.parametrize("delimiter", [",,", '"', "\n"])
def test_a_delimiter_that_cannot_be_is_refused(tmp_path, delimiter):
    with pytest.raises(DataError, match="delimiter") as caught:
        read(tmp_path, "t.csv", "a,b\n1,2\n", delimiter=delimiter)
    assert_helpful(caught.value, "t.csv")
