"""Rows with a text to write, in the ways in which they come."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from luthier.data.formats.families import DIALOGUE
from luthier.data.formats.turns import turn
from luthier.data.gather import gather
from luthier.data.texts import all_said
from luthier.recipe.schema import Data
from luthier.tasks.generate import Generate

SQUAD = {"question": "Who?", "context": "Ann came.", "answers": {"text": ["Ann"],
         "answer_start": [0]}}  # fmt: skip


def gathered(tmp_path: Path, row: dict[str, Any], task: Generate, **data: Any) -> Any:
    file = tmp_path / "rows.jsonl"
    file.write_text(f"{json.dumps(row)}\n" * 2, encoding="utf-8")
    return gather(Data(train=str(file), **data), task.roles(), tmp_path)


@pytest.mark.parametrize(
    ("row", "source", "target"),
    [
        ({"en": "a", "fr": "b"}, "a", "b"),
        ({"translation": {"en": "a", "fr": "b"}}, "a", "b"),
        ({"document": "a", "summary": "b"}, "a", "b"),
        ({"instruction": "a", "input": "c", "output": "b"}, "a\nc", "b"),
        ({"instruction": "a", "input": "", "output": "b"}, "a", "b"),
        ({"prompt": "a", "completion": "b"}, "a", "b"),
        ({"src": "a", "tgt": "b"}, "a", "b"),
    ],
)
def test_pairs_are_found(tmp_path: Path, row: dict[str, Any], source: str, target: str) -> None:
    found = gathered(tmp_path, row, Generate())
    assert found.family == "pairs"
    assert found.rows.select("source", "target").row(0) == (source, target)


def test_columns_that_are_named_are_taken(tmp_path: Path) -> None:
    row = {"en": "a", "de": "c", "fr": "b"}
    found = gathered(tmp_path, row, Generate(source="de", target="fr"))
    assert found.rows.select("source", "target").row(0) == ("c", "b")
    found = gathered(tmp_path, row, Generate(), columns={"source": "de", "target": "en"})
    assert found.rows.select("source", "target").row(0) == ("c", "a")
    found = gathered(tmp_path, row, Generate(template="{de} {en}", target="fr"))
    assert found.rows.select("de", "en", "target").row(0) == ("c", "a", "b")


def test_questions_with_answers_in_a_text_have_the_first_to_write(tmp_path: Path) -> None:
    found = gathered(tmp_path, SQUAD, Generate(use="answer"))
    assert found.rows.select("question", "context", "target").row(0) == ("Who?", "Ann came.", "Ann")
    alone = gathered(tmp_path, {"question": "Who?", "answer": "Ann"}, Generate(use="answer"))
    assert "context" not in alone.rows.columns
    assert alone.rows["target"][0] == "Ann"


def test_all_that_rows_say() -> None:
    rows = pl.DataFrame({
        "source": ["a", None], "_row": [0, 1], "words": [["b", "c"], []],
        "messages": pl.Series([[turn("user", "d")], [turn("assistant", "e")]], dtype=DIALOGUE),
    })  # fmt: skip
    assert set(all_said(rows)) == {"a", "b c", "", "d", "e"}
