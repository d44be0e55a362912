"""Texts that are hardly any."""

from __future__ import annotations

import pytest
from tests.data.making import context, ids, table
from tests.public import labelled, needs_data

from luthier.data.operators.quality import Quality

GOOD = ["A sentence.", "一句话。", "so, so good!", "\n".join(f"line {n}" for n in range(9)),
        "the cat and the dog and the bird and the fish and the ant and the bee saw the sun",
        "哈哈哈哈哈"]  # fmt: skip
BAD = {
    "...": "fewer than 1 words",
    "?! -- ** ++ a": "mostly signs",
    "a" * 201: "more than 200 characters without a blank",
    "buy now\n" * 6: "the same lines again and again",
    " ".join(["spam ham"] * 15): "the same word again and again",
}


def _reasons(texts, **settings):
    told = context()
    rows = Quality(**settings).apply(table([(text, "x") for text in texts]), told)
    assert settings.get("action") == "drop" or len(rows) == len(texts)
    return rows, [] if told.ledger.table().is_empty() else told.ledger.table()["reason"].to_list()


def test_ordinary_texts_are_not_touched():
    assert _reasons(GOOD)[1] == []


@pytest.mark.parametrize(("text", "reason"), BAD.items())
def test_a_rule_that_is_broken_is_named(text, reason):
    assert _reasons([text])[1] == [reason]


def test_dropped_where_asked_for():
    rows, reasons = _reasons([*GOOD, *BAD], action="drop")
    assert [row for _, row in ids(rows)] == list(range(len(GOOD)))
    assert len(reasons) == len(BAD)


def test_limits_count_words_and_chinese_characters():
    texts = ["one two three", "一二三", "one", "一 two 三 four 五"]
    assert _reasons(texts, least=2, most=4)[1] == ["fewer than 2 words", "more than 4 words"]


@needs_data
@pytest.mark.parametrize("name", ["news", "chinese", "questions", "sst2"])
def test_real_texts_are_hardly_flagged(name):
    texts = labelled(name, 5000)["text"].to_list()
    assert len(_reasons(texts)[1]) < 0.005 * len(texts)
