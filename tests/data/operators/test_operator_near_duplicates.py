"""Near duplicates: what goes, what stays, and what is said of it."""

from __future__ import annotations

import polars as pl
from tests.data.making import LABELS, context, ids, table

from luthier.data.operators.near_duplicates import NearDuplicates
from luthier.data.roles import GROUP

SAID = "operating profit of the whole group rose strongly in the first quarter of the year"
NEAR = "Operating profit of the whole group rose strongly in the first quarter of that year!"
OTHER = "the board proposes a dividend that is lower than the one of last year by a third"


def _apply(cells, splits=None, **settings):
    told = context()
    rows = table(cells, splits)
    return NearDuplicates(**settings).apply(rows, told), told


def _kept(rows):
    return [row for _, row in ids(rows)]


def test_the_first_stays_and_the_ledger_says_why():
    rows, told = _apply([(SAID, "a"), (OTHER, "a"), (NEAR, "a")])
    assert _kept(rows) == [0, 1]
    (entry,) = told.ledger.table().rows(named=True)
    assert entry["action"] == "dropped"
    assert entry["reason"] == "nearly the same as s.csv, row 0 (Jaccard 0.886)"
    assert entry["before"] == NEAR


def test_a_copy_in_train_of_a_test_row_goes():
    rows, _ = _apply([(SAID, "a"), (NEAR, "a")], ["train", "test"])
    assert _kept(rows) == [1]


def test_test_rows_stay_even_if_alike():
    rows, told = _apply([(SAID, "a"), (NEAR, "a")], ["test", "test"])
    assert _kept(rows) == [0, 1]
    assert told.ledger.table()["action"].to_list() == ["flagged"]


def test_another_label_is_reported_and_not_dropped():
    rows, told = _apply([(SAID, "a"), (NEAR, "b"), (OTHER, "a")])
    assert _kept(rows) == [0, 1, 2]
    assert rows[GROUP].to_list() == [0, 0, None]
    (finding,) = told.findings
    assert finding.fields["rows"] == 1
    assert finding.examples[0]["other label"] == "a"


def test_flagged_rows_stay_together():
    rows, told = _apply([(OTHER, "a"), (SAID, "a"), (NEAR, "a")], action="flag")
    assert rows[GROUP].to_list() == [None, 1, 1]
    assert told.findings == []
    assert told.ledger.table()["row"].to_list() == [2]


def test_groups_count_rows_that_are_left():
    cells = [(SAID, "a"), (NEAR, "a"), (OTHER, "a"), (OTHER + "!", "b")]
    rows, _ = _apply(cells)
    assert _kept(rows) == [0, 2, 3]
    assert rows[GROUP].to_list() == [None, 1, 1]


def test_the_threshold_decides():
    cells = [(SAID, "a"), (SAID.replace("first", "third"), "a")]
    assert len(_apply(cells, threshold=0.95)[0]) == 2
    assert len(_apply(cells, threshold=0.7)[0]) == 1


def test_texts_with_other_numbers_are_not_the_same():
    cells = [(f"{SAID} to {n} million euros", "a") for n in (17, 18)]
    assert len(_apply(cells)[0]) == 2
    assert len(_apply(cells, same_numbers=False)[0]) == 1


def test_chinese_is_compared_by_characters():
    cells = [("公司今年第一季度的营业利润比去年同期有了明显的增长", "a"),
             ("公司今年第一季度的营业利润比去年同期有了明显增长", "a"),
             ("董事会建议派发的股息比去年减少三分之一", "a")]  # fmt: skip
    assert _kept(_apply(cells)[0]) == [0, 2]


def test_rows_of_several_labels_are_compared_too():
    rows = table([(SAID, None), (NEAR, None)]).with_columns(
        label=pl.Series([["x", "y"], ["x"]], dtype=pl.List(pl.String))
    )
    assert len(NearDuplicates().apply(rows, context(LABELS))) == 2
