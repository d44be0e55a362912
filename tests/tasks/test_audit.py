"""The supervision audit: counts, findings, and when it refuses."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import table, write_csv
from tests.helpers import classifier, here, recipe
from tests.tiny import _tokenizer

import luthier
from luthier.core.errors import NothingSupervisedError
from luthier.data.roles import ROW, SOURCE
from luthier.recipe.load import recipe_text
from luthier.tasks.audit.audit import audit
from luthier.tasks.audit.encoded import Encoded
from luthier.tasks.task import IGNORED

WORDS = ["oil", "rose", "fell", "shares", "the"]
END = 4
"""The stop token of the tiny tokenizers."""


def encoded(examples, texts=None, kind="gpt2", **more):
    settings = {"max_length": 16, "longest": 64, **more}
    said = pl.Series(texts or ["oil rose"] * len(examples), dtype=pl.String)
    return Encoded(examples, _tokenizer(kind, WORDS), said, **settings)


def answer(asked, said, *, stop=True):
    """A row to generate from: only the answer is trained."""
    end = [END] if stop else []
    return {"input_ids": [*asked, *said, *end], "labels": [IGNORED] * len(asked) + said + end}


def told(found):
    return [finding.message for finding in found.findings]


def test_trained_tokens_are_counted():
    found = audit(encoded([answer([5, 6], [7]), answer([5], [7, 8])]))
    assert found.figures["tokens"] == 8
    assert found.figures["tokens_trained"] == 5
    assert found.figures["stop_trained"] == 1.0
    assert found.figures["rows_idle"] == 0
    assert found.findings == []


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(st.sampled_from([IGNORED, 5, 6]), min_size=1, max_size=6), min_size=1))
def test_counts_are_those_of_the_labels(labels):
    examples = [{"input_ids": [5] * len(row), "labels": row} for row in labels]
    trained = [sum(label != IGNORED for label in row) for row in labels]
    if not any(trained):
        with pytest.raises(NothingSupervisedError):
            audit(encoded(examples))
        return
    figures = audit(encoded(examples)).figures
    assert figures["rows_idle"] == trained.count(0)
    assert figures["tokens_trained"] == sum(trained)
    assert figures["tokens"] == sum(map(len, labels))


def test_everything_masked_is_refused():
    with pytest.raises(NothingSupervisedError, match="None of the 3 training rows") as caught:
        audit(encoded([{"input_ids": [5, 6], "labels": [IGNORED] * 2}] * 3))
    assert caught.value.hint


def test_labels_without_text_are_refused(bert):
    task = classifier(bert)
    rows = pl.DataFrame({"text": ["", ""], "label": ["neutral", "positive"]})
    rows = rows.with_columns(pl.lit("s").alias(SOURCE), pl.int_range(2).alias(ROW))
    with pytest.raises(NothingSupervisedError):
        audit(Encoded.of(task, rows, task.encode(rows), longest=64))


def test_some_rows_that_teach_nothing_are_shown():
    good, masked = answer([5], [6]), {"input_ids": [5, 7], "labels": [IGNORED] * 2}
    found = audit(encoded([good] * 95 + [masked] * 5))
    (finding,) = found.findings
    assert finding.fields == {"rows": 5, "all": 100}
    assert "teach nothing" in finding.message


def test_a_stop_token_that_is_not_trained_is_said():
    found = audit(encoded([answer([5], [6], stop=False)] * 4 + [answer([5], [7])]))
    assert found.figures["stop_trained"] == 0.2
    assert any("stop token" in message for message in told(found))


def test_tags_are_no_text_to_generate():
    tags = {"input_ids": [5, 6, 7], "labels": [IGNORED, 0, 1]}
    assert audit(encoded([tags] * 3)).figures["stop_trained"] is None


def test_what_truncation_removes_is_counted_by_class():
    long, short = "oil rose fell shares", "oil"
    task_rows = [{"input_ids": [5, 6, 7], "label": 0}, {"input_ids": [5], "label": 1}] * 10
    found = audit(
        encoded(task_rows, [long, short] * 10, max_length=3, classes=["long", "short"] * 10)
    )
    assert found.figures["rows_cut"] == 10
    assert found.figures["tokens_cut"] == 10
    assert found.figures["cut_by_class"] == {"long": 1.0, "short": 0.0}
    assert [finding.fix for finding in found.findings] == ["task.max_length=4"] * 2


def test_a_base_without_room_gets_no_advice_to_use_more():
    rows = [{"input_ids": [5, 6, 7], "label": n % 2} for n in range(4)]
    found = audit(encoded(rows, ["oil rose fell shares"] * 4, max_length=3, longest=3))
    assert [finding.fix for finding in found.findings if "longer than" in finding.message] == [""]


def test_rows_the_model_cannot_tell_apart_are_found():
    rows = [
        {"input_ids": [5, 6], "label": np.int64(0)},
        {"input_ids": [5, 6], "label": np.int64(1)},
    ]
    found = audit(encoded([*rows, {"input_ids": [7], "label": np.int64(1)}]))
    assert found.figures["alike_differ"] == 1
    assert any("cannot tell them apart" in message for message in told(found))


def test_unknown_words_are_counted():
    found = audit(encoded([{"input_ids": [1, 1, 5], "label": 0}] * 2, ["x y oil"] * 2))
    assert found.figures["unknown"] == pytest.approx(2 / 3)
    assert any("unknown to the base" in message for message in told(found))


def test_an_unknown_token_that_is_the_stop_token_knows_every_word():
    rows = encoded([{"input_ids": [5, 4], "label": 0}] * 2, ["oil oil"] * 2)
    rows.tokenizer.unk_token = rows.tokenizer.eos_token
    assert audit(rows).figures["unknown"] == 0.0


def test_other_tokens_in_serving_are_found():
    rows = [{"input_ids": [5, 6], "label": 0}] * 2
    found = audit(encoded(rows, served=[[5, 6], [6, 5]]))
    assert found.figures["served_alike"] == 0.5
    assert any("otherwise in training than in serving" in message for message in told(found))


def test_chinese_for_an_english_base_is_said(bert):
    task = classifier(bert)
    rows = pl.DataFrame({"text": ["股价上涨", "利润下降"], "label": ["positive", "negative"]})
    rows = rows.with_columns(pl.lit("s").alias(SOURCE), pl.int_range(2).alias(ROW))
    found = audit(Encoded.of(task, rows, task.encode(rows), longest=64))
    assert found.figures["unknown"] == 1.0


@pytest.fixture
def tuned(bert, tmp_path):
    data = write_csv(tmp_path / "n.csv", table(60), ("sentence", "sentiment"))
    values = recipe(data, bert, training__epochs=1, task={"kind": "classify", "max_length": 6})
    return luthier.tune(values, runs_dir=tmp_path / "runs")


def test_a_run_keeps_and_shows_its_audit(tuned):
    (kept,) = tuned.path.glob("stages/*/audit.json")
    (report,) = tuned.path.glob("stages/*/report.json")
    found = json.loads(kept.read_text(encoding="utf-8"))
    assert json.loads(report.read_text(encoding="utf-8"))["audit"] == found
    figures = found["tasks"][""]
    assert figures["rows_trained"] == figures["rows"]
    assert figures["served_alike"] == 1.0
    assert found["findings"][0]["fix"].startswith("task.max_length=")
    page = report.with_name("report.zh.html").read_text(encoding="utf-8")
    assert "训练看到了什么" in page
    assert found["findings"][0]["fix"] in page


def test_prepare_looks_at_the_rows_as_the_base_sees_them(bert, tmp_path):
    data = write_csv(tmp_path / "n.csv", table(60), ("sentence", "sentiment"))
    file = tmp_path / "r.yaml"
    values = recipe(data, bert, task={"kind": "classify", "max_length": 6})
    file.write_text(recipe_text(values), encoding="utf-8")
    done = here("prepare", file, "--json", "--dry-run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["audit"]["tasks"][""]["rows_cut"] > 0
    absent = here("prepare", file, "base=nowhere/none", "--json", "--dry-run", cwd=tmp_path)
    assert json.loads(absent.stdout)["audit"] is None
    assert "were not looked at" in absent.stderr
