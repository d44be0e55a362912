"""Rows by language."""

from __future__ import annotations

from tests.data.making import context, ids, table

from luthier.data.operators.language import Language

EN, DE, ZH = "This is what it was.", "Das ist nicht der Tag.", "这是一个测试"


def _apply(texts, **settings):
    told = context()
    return Language(**settings).apply(table([(text, "x") for text in texts]), told), told


def test_several_languages_are_reported():
    rows, told = _apply([EN] * 6 + [ZH] * 3 + ["ok"])
    assert len(rows) == 10
    (finding,) = told.findings
    assert finding.fields["languages"] == "en 60%, zh 30%"
    assert told.fitted["language"] == {"en": 6, "zh": 3, "und": 1}


def test_one_language_is_no_finding():
    assert _apply([EN] * 99 + [DE])[1].findings == []


def test_others_are_flagged_or_dropped():
    rows, told = _apply([EN, DE, ZH, "ok"], keep=["en", "zh"])
    assert len(rows) == 4
    assert told.ledger.table().select("row", "action", "reason").rows() == [
        (1, "flagged", "its language is de")
    ]
    rows, told = _apply([EN, DE, ZH, "ok"], keep=["en"], action="drop")
    assert [row for _, row in ids(rows)] == [0, 3]
    assert told.ledger.table()["action"].to_list() == ["dropped", "dropped"]
