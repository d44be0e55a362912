"""Personal data in rows: flagged, masked, and never written into the ledger."""

from __future__ import annotations

import polars as pl
from tests.data.making import context, table

from luthier.data.ledger import Ledger
from luthier.data.operator import Context
from luthier.data.operators.pii import Pii
from luthier.data.roles import ROW, SOURCE, SPLIT, Role
from luthier.data.rows import clean_texts

CELLS = [("write to ann@x.org or bob@x.org", "a"), ("nothing here", "a"), (None, "a"),
         ("电话13812345678，邮箱ann@x.org", "b")]  # fmt: skip


def _apply(**settings):
    told = context()
    return Pii(**settings).apply(table(CELLS), told), told


def test_flagged_rows_stay_and_the_ledger_holds_no_value():
    rows, told = _apply()
    assert rows.equals(table(CELLS))
    entries = told.ledger.table()
    assert entries.select("row", "action", "reason").rows() == [
        (0, "flagged", "2 email"), (3, "flagged", "1 email, 1 phone"),
    ]  # fmt: skip
    assert "x.org" not in str(entries.to_dicts())
    (finding,) = told.findings
    assert finding.fields == {"rows": 2, "kinds": "3 email, 1 phone"}


def test_masked_texts_have_placeholders():
    rows, told = _apply(action="mask")
    assert rows["text"].to_list() == [
        "write to [EMAIL_1] or [EMAIL_2]", "nothing here", None, "电话[PHONE_1]，邮箱[EMAIL_1]",
    ]  # fmt: skip
    assert told.findings == []
    assert "x.org" not in str(told.ledger.table().to_dicts())
    assert told.ledger.table()["after"][0] == "write to [EMAIL_1] or [EMAIL_2]"


def test_texts_to_predict_for_are_masked_alike():
    said = ["a ann@x.org", "b"]
    assert clean_texts(said, [Pii(action="mask")]) == ["a [EMAIL_1]", "b"]


def test_a_dialogue_is_numbered_as_a_whole():
    turns = [{"role": "user", "content": "ann@x.org"}, {"role": "x", "content": "no"}]
    turns.append({"role": "user", "content": "bob@x.org and ann@x.org"})
    rows = pl.DataFrame({
        "messages": [turns, [{"role": "user", "content": "hi"}]],
        ROW: [0, 1], SOURCE: ["s"] * 2, SPLIT: ["train"] * 2,
    })  # fmt: skip
    told = Context((Role("messages", "dialogue"),), Ledger())
    after = Pii(action="mask").apply(rows, told)
    assert [turn["content"] for turn in after["messages"][0]] == [
        "[EMAIL_1]", "no", "[EMAIL_2] and [EMAIL_1]",
    ]  # fmt: skip
    assert after["messages"][1].to_list() == rows["messages"][1].to_list()
    assert told.ledger.table()["reason"].to_list() == ["3 email"]


def test_kinds_and_values_to_keep():
    rows, _ = _apply(action="mask", kinds=["email"], keep=["bob@x.org"])
    assert rows["text"][0] == "write to [EMAIL_1] or bob@x.org"
    assert rows["text"][3] == "电话13812345678，邮箱[EMAIL_1]"
