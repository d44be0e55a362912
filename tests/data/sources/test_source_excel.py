"""Spreadsheets: types of cells, sheets, names."""

from __future__ import annotations

import datetime
import io

import pytest
import xlsxwriter
from tests.data.making import LABEL, TEXT, assert_helpful, read

from luthier.core.errors import DataError
from luthier.data.columns import map_columns


def book(**sheets: list[list[object]]) -> bytes:
    """A workbook with these cells."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as workbook:
        duration = workbook.add_format({"num_format": "[h]:mm"})
        for name, rows in sheets.items():
            sheet = workbook.add_worksheet(name)
            for number, cells in enumerate(rows):
                for column, cell in enumerate(cells):
                    kind = [duration] if isinstance(cell, datetime.timedelta) else []
                    sheet.write(number, column, cell, *kind)
    return file.getvalue()


def test_a_number_among_text_is_no_missing_cell(tmp_path):
    rows = [["text", "label"], *[[f"row {i}", "a"] for i in range(1500)], ["last", 7]]
    raw = read(tmp_path, "t.xlsx", book(S=rows))
    assert raw.rows["label"][-1] == "7"


def test_whole_numbers_are_labels_without_a_fraction(tmp_path):
    raw = read(tmp_path, "t.xlsx", book(S=[["text", "label"], ["a", 1], ["b", 0]]))
    table, _ = map_columns(raw, [TEXT, LABEL], {})
    assert table["label"].to_list() == ["1", "0"]


def test_the_first_sheet_is_read_and_the_others_are_noted(tmp_path):
    raw = read(tmp_path, "t.xlsx", book(One=[["text"], ["a"]], Two=[["text"], ["b"]]))
    assert raw.rows.rows() == [("a",)]
    assert "there are also: Two" in raw.notes[0]


def test_a_sheet_is_named_behind_a_hash(tmp_path):
    from luthier.data.sources import read_source

    (tmp_path / "t.xlsx").write_bytes(book(One=[["text"], ["a"]], Two=[["text"], ["b"]]))
    assert read_source("t.xlsx#Two", base_dir=tmp_path).rows.rows() == [("b",)]
    with pytest.raises(DataError, match="no sheet 'Tvo'") as caught:
        read_source("t.xlsx#Tvo", base_dir=tmp_path)
    assert_helpful(caught.value, "t.xlsx")
    assert "Two" in caught.value.render()


def test_blank_rows_and_names_are_repaired(tmp_path):
    raw = read(
        tmp_path, "t.xlsx", book(S=[["text", "", "label"], ["a", 1, "x"], [], ["b", 2, "y"]])
    )
    assert raw.rows.columns == ["text", "column_2", "label"]
    assert raw.rows["text"].to_list() == ["a", "b"]
    assert "column 2 has no name" in raw.notes[0]


def test_durations_as_text_are_refused(tmp_path):
    rows = [["text", "label"], ["a", datetime.timedelta(hours=30)]]
    raw = read(tmp_path, "t.xlsx", book(S=rows))
    with pytest.raises(DataError, match="durations") as caught:
        map_columns(raw, [TEXT, LABEL], {})
    assert_helpful(caught.value, "t.xlsx")


@pytest.mark.parametrize(
    "content",
    [
        book(S=[]),
        book(S=[["text", "label"]]),
        b"PK\x03\x04 and nothing",
        book(S=[["a"], ["b"]])[:-30],
    ],
    ids=["no cell", "header only", "no archive", "cut off"],
)
def test_a_workbook_without_rows_is_refused(tmp_path, content):
    with pytest.raises(DataError) as caught:
        read(tmp_path, "t.xlsx", content)
    assert_helpful(caught.value, "t.xlsx")
