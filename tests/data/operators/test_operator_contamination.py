"""Texts of a benchmark among the rows to train on."""

from __future__ import annotations

import random

import polars as pl
import pytest
from tests.data.making import context, ids, table
from tests.public import labelled, needs_data

from luthier.data.operators.contamination import Contamination

SAID = "the committee will publish its final report on the merger before the end of the month"
OTHER = "nobody in the village could say where the old clock had come from or who had made it"
HAN = "委员会将在本月底之前公布关于这次合并的最终报告"


def _apply(folder, cells, listed, splits=None, **settings):
    pl.DataFrame({"question": listed}).write_csv(folder / "bench.csv")
    told = context(base_dir=folder)
    step = Contamination(against=["bench.csv"], **settings)
    return step.apply(table(cells, splits), told), told


@pytest.mark.parametrize(("text", "how"), [
    (SAID, "is or holds the text of bench.csv, row 1 (1.0)"),
    (f"Q: {SAID.upper()}?", "is or holds the text of bench.csv, row 1 (1.0)"),
    (f"第一题：{HAN}。请回答", "is or holds the text of bench.csv, row 0 (1.0)"),
    ("x " * 30 + " ".join(SAID.split()[2:]) + " y" * 30, "shares 13 words in a row with"),
    (SAID.replace("final", "draft").replace("month", "year"), "nearly repeats bench.csv, row 1"),
    (HAN.replace("公布", "发表"), "nearly repeats bench.csv, row 0"),
])  # fmt: skip
def test_what_is_found_and_how(tmp_path, text, how):
    rows, told = _apply(tmp_path, [(OTHER, "a"), (text, "a")], [HAN, SAID])
    assert [row for _, row in ids(rows)] == [0]
    assert told.ledger.table()["reason"][0].startswith(how)
    assert told.findings[0].fields == {"rows": 1}


def test_short_texts_of_a_benchmark_are_not_looked_for(tmp_path):
    rows, told = _apply(tmp_path, [("yes or no", "a"), (OTHER, "b")], ["yes", "yes or no"])
    assert len(rows) == 2
    assert told.findings == []


def test_test_rows_stay_and_flagged_rows_too(tmp_path):
    cells = [(SAID, "a"), (SAID, "a")]
    rows, told = _apply(tmp_path, cells, [SAID], ["train", "test"])
    assert [row for _, row in ids(rows)] == [1]
    assert sorted(told.ledger.table()["action"]) == ["dropped", "flagged"]
    assert len(_apply(tmp_path, cells, [SAID], action="flag")[0]) == 2


def test_the_files_are_named_for_the_cache():
    assert Contamination(against=["a.csv", "b.json"]).sources() == ("a.csv", "b.json")


def _edited(text, choose):
    """One or two words, or Chinese characters, changed; or embedded in more text."""
    spaced = text.isascii()
    parts = text.split(" ") if spaced else list(text)
    for at in choose.sample(range(len(parts)), choose.randint(1, 2)):
        parts[at] = choose.choice(["market", "entire", "seven"] if spaced else "东西南北")
    edited = (" " if spaced else "").join(parts)
    return edited if choose.random() < 0.5 else f"{edited} {choose.choice([OTHER, HAN])}"


@needs_data
@pytest.mark.parametrize("name", ["news", "sst2", "chinese", "questions"])
def test_planted_texts_are_found_and_little_else(tmp_path, name):
    choose = random.Random(0)
    texts = [t for t in labelled(name)["text"].to_list() if len(t.split()) >= 10 or "，" in t]
    texts = [" ".join(text.split()) for text in texts if len(text) < 300][:2200]
    listed, rest = texts[:400], texts[400:]
    planted = [*listed[:200], *(_edited(text, choose) for text in listed[200:])]
    rows, _ = _apply(tmp_path, [(text, "a") for text in [*planted, *rest]], listed)
    left = {row for _, row in ids(rows)}
    assert left.isdisjoint(range(200))
    assert len(left & set(range(200, 400))) <= 0.05 * 200
    # Phrases of sst2 stand within each other, and financial news repeat their own sentences.
    natural = {"sst2": 0.07, "news": 0.08, "questions": 0.04, "chinese": 0.005}[name]
    assert len(left) >= (1 - natural) * len(rest)
