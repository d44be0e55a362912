"""Columns of trees and tags under the names that a task has for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.helpers import cli_json

import luthier
from luthier.core.errors import DataError
from luthier.data.prepare import prepare
from luthier.recipe.library import shipped
from luthier.recipe.schema import Data
from luthier.tasks.multi import Multi
from luthier.tasks.tag import Tag

TREEBANK = shipped()["dependency-parse"].parent / "data" / "small_treebank.conllu"
ROW = {
    "tokens": ["Mira", "sold", "bikes"], "upos": ["PROPN", "VERB", "NOUN"], "head": [2, 0, 2],
    "deprel": ["nsubj", "root", "obj"], "ner": ["B-PER", "O", "O"], "mood": ["a", "b", "c"],
}  # fmt: skip


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    short = {**ROW, "mood": ["a"]}
    lines = [ROW, {**ROW, "tokens": ["Noor", "bought", "one"]}, short] * 4
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def of(task: Any, path: Path) -> Any:
    split = {"validation": 0.25, "test": 0.25}
    config = Data(train=str(path), split=split, prepare=[])
    return prepare(config, task.roles(), base_dir=path.parent).splits["train"]


def test_tasks_on_the_same_rows_have_a_column_each(rows: Path) -> None:
    tasks = {
        "pos": {"kind": "tag", "tags": "upos"}, "ner": {"kind": "tag", "tags": "ner"},
        "parse": {"kind": "parse"},
    }  # fmt: skip
    found = of(Multi.model_validate({"tasks": tasks}), rows)
    row = found.row(0, named=True)
    assert row["upos"] == ROW["upos"]
    assert row["ner"] == ROW["ner"]
    assert (row["heads"], row["deprels"]) == (ROW["head"], ROW["deprel"])
    assert not {"tags", "entities"} & set(found.columns)


@pytest.mark.parametrize("column", ["upos", "UPOS", "ner", "deprel", "mood"])
def test_a_tagger_takes_the_column_that_it_names(rows: Path, column: str) -> None:
    found = of(Tag(tags=column), rows)
    expected = ROW[column.lower()]
    # The one mood of three words is no tag of theirs, so such rows are left out.
    assert {tuple(tags) for tags in found["tags"]} == {tuple(expected)}


def test_a_column_that_is_not_there_is_refused(rows: Path) -> None:
    with pytest.raises(DataError, match="There is no column 'upus'"):
        of(Tag(tags="upus"), rows)


@pytest.mark.slow
def test_one_model_for_parts_of_speech_and_trees(tmp_path: Path, bert: Path) -> None:
    recipe = {
        "name": "grammar", "base": str(bert),
        "task": {
            "kind": "multi",
            "tasks": {"pos": {"kind": "tag", "tags": "upos"}, "parse": {"kind": "parse"}},
        },
        "data": {"train": str(TREEBANK), "split": {"validation": 0.1, "test": 0.2}},
        "training": {"epochs": 1, "precision": "fp32"},
        "evaluation": {"resamples": 100},
    }  # fmt: skip
    run = luthier.tune(recipe, runs_dir=tmp_path / "runs")
    again = cli_json("evaluate", run.path, "--data", TREEBANK)
    assert again["rows"] == 149
    assert {"pos/accuracy", "parse/uas", "parse/las", "mean"} <= again["metrics"].keys()
    own = luthier.evaluate(run, str(TREEBANK), task="parse")["metrics"]
    assert own["las"]["value"] == pytest.approx(again["metrics"]["parse/las"]["value"], abs=1e-9)
    (answer,) = luthier.load(run).predict(["The mill closed."])
    assert len(answer["parse"]["words"]) == 4
    assert len(answer["pos"]["words"]) == 4
