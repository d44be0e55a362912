"""A first look at data, and the recipe it leads to."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from tests.data.making import assert_helpful

from luthier.core.errors import DataError
from luthier.data.inspect import inspect, recipe_for
from luthier.recipe.load import load_recipe, recipe_text

WORDS = ["profit", "loss", "sales", "growth", "board", "oil", "market", "share", "bank", "price"]
SENTENCES = [f"the {a} of the {b} is up" for a in WORDS for b in WORDS[:4]]
LABELS = ["good", "bad", "so so", "bad"]


def _write(folder, columns, name="news.csv"):
    lines = [
        ",".join(columns),
        *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True)),
    ]
    (folder / name).write_text("\n".join(lines), encoding="utf-8")
    return name


def _labels(values=LABELS):
    return [values[n % len(values)] for n in range(len(SENTENCES))]


LAYOUTS = {
    "usual": {"text": SENTENCES, "label": _labels()},
    "label first": {"sentiment": _labels(), "sentence": SENTENCES},
    "unknown names": {"a": SENTENCES, "b": _labels()},
    "number and date": {
        "id": range(len(SENTENCES)),
        "b": _labels(),
        "date": [f"2024-01-{n % 28 + 1:02}" for n in range(len(SENTENCES))],
        "a": SENTENCES,
    },
    "coded": {"text": SENTENCES, "target": _labels([0, 1])},
    "source beside": {"text": SENTENCES, "source": _labels(["web", "app"]), "label": _labels()},
    "chinese": {"评论": [f"第{n}家公司的利润今年大幅上升" for n in range(40)], "情感": _labels()},
    "missing labels": {"text": SENTENCES, "label": [*_labels()[:-3], "", "nan", ""]},
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_text_and_label_are_found(tmp_path, layout):
    columns = LAYOUTS[layout]
    label = next(name for name in columns if name in ("label", "sentiment", "b", "target", "情感"))
    text = next(name for name in columns if name in ("text", "sentence", "a", "评论"))
    found = inspect(_write(tmp_path, columns), base_dir=tmp_path)
    assert (found.text, found.label) == (text, label)
    assert found.rows == len(SENTENCES)
    assert set(found.labels) == {str(v) for v in columns[label]} - {"", "nan"}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_recipe_loads(tmp_path, layout, monkeypatch):
    monkeypatch.chdir(tmp_path)
    spec = _write(tmp_path, LAYOUTS[layout])
    recipe = recipe_for(spec)
    (tmp_path / "recipe.yaml").write_text(recipe_text(recipe), encoding="utf-8")
    stage = load_recipe(tmp_path / "recipe.yaml").recipe.stages[0]
    assert (stage.task.text, stage.task.label) == (recipe["task"]["text"], recipe["task"]["label"])
    assert stage.data.train == spec


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("my data (2024).csv", "my-data-2024"),
        ("news.csv.gz", "news"),
        ("hf:someone/news", "news"),
        ("hf:someone/news@zh", "news-zh"),
        ("book.xlsx#Sheet 1", "book"),
        ("---.csv", "my-recipe"),
        ("评论.csv", "评论"),
    ],
)
def test_the_recipe_has_a_name_that_recipes_may_have(tmp_path, spec, name):
    found = inspect(_write(tmp_path, LAYOUTS["usual"]), base_dir=tmp_path)
    recipe = recipe_for(spec, found)
    assert recipe["name"] == name
    assert load_recipe(recipe).recipe.name == name


def test_a_long_file_name_makes_a_recipe_that_loads(tmp_path):
    found = inspect(_write(tmp_path, LAYOUTS["usual"]), base_dir=tmp_path)
    load_recipe(recipe_for("n" * 120 + ".csv", found))


def test_more_rows_get_fewer_epochs_at_a_lower_rate(tmp_path):
    found = inspect(_write(tmp_path, LAYOUTS["usual"]), base_dir=tmp_path)
    few, many = (
        recipe_for("news.csv", replace(found, rows=rows))["training"] for rows in (100, 10**6)
    )
    assert few["epochs"] > many["epochs"]
    assert few["learning_rate"] > many["learning_rate"]


def test_labels_are_counted_most_frequent_first(tmp_path):
    found = inspect(_write(tmp_path, LAYOUTS["usual"]), base_dir=tmp_path)
    assert list(found.labels.items()) == [("bad", 20), ("good", 10), ("so so", 10)]
    assert json.loads(json.dumps(found.to_json()))["labels"]["bad"] == 20


@pytest.mark.parametrize("separator", ["; ", "|"])
def test_several_labels_are_noticed(tmp_path, separator):
    labels = _labels(["a", "b", separator.join("ab"), separator.join("bc"), "c"])
    found = inspect(_write(tmp_path, {"text": SENTENCES, "label": labels}), base_dir=tmp_path)
    assert found.several
    assert recipe_for("news.csv", found)["task"]["target"] == "classes"


def test_a_separator_within_the_name_of_a_class_is_none(tmp_path):
    labels = _labels(["research; development", "sales; marketing"])
    found = inspect(_write(tmp_path, {"text": SENTENCES, "label": labels}), base_dir=tmp_path)
    assert not found.several


def test_chinese_texts_are_noticed(tmp_path):
    assert inspect(_write(tmp_path, LAYOUTS["chinese"]), base_dir=tmp_path).chinese
    assert not inspect(_write(tmp_path, LAYOUTS["usual"]), base_dir=tmp_path).chinese


def test_doubts_are_noted(tmp_path):
    notes = inspect(_write(tmp_path, LAYOUTS["missing labels"]), base_dir=tmp_path).notes
    assert "3 rows have no label" in notes
    assert any("fewer than 10 rows" in note for note in notes)


@pytest.mark.parametrize(
    "columns",
    [
        {"text": SENTENCES},
        {"text": SENTENCES, "label": ["same"] * 40},
        {"text": SENTENCES, "id": range(40)},
        {"text": SENTENCES, "flag": _labels(["nan", "null"])},
    ],
    ids=["one column", "one label", "all differ", "only markers"],
)
def test_without_labels_there_is_nothing_to_learn(tmp_path, columns):
    with pytest.raises(DataError, match="No pair of columns") as caught:
        inspect(_write(tmp_path, columns), base_dir=tmp_path)
    assert_helpful(caught.value, "news.csv")
