"""``luthier prepare`` as people use it: look, fix, edit what was dropped, put it back."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from tests.conftest import table, write_csv
from tests.helpers import cli_json, here

from luthier.recipe.load import load_recipe


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [*table(60), *table(3), ("", "positive"), ("oil up", "positive"), ("oil up", "negative")]
    write_csv(tmp_path / "news.csv", rows, ("sentence", "sentiment"))
    return tmp_path


def _json(*arguments: str, cwd: Path) -> dict:
    done = here("prepare", *arguments, "--json", cwd=cwd)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_everything_it_names_is_there(folder: Path) -> None:
    made = cli_json("prepare", "news.csv", cwd=folder)
    files = [made["ledger"], made["report"], made["quarantine"], *made["prepared"].values()]
    assert all((folder / name).is_file() for name in files)
    assert set(pl.read_parquet(folder / made["ledger"]).columns) >= {
        "row", "source", "operator", "action", "reason",
    }  # fmt: skip
    assert all(
        set(counts) == {"dropped", "changed", "added", "flagged"}
        for counts in made["operators"].values()
    )
    assert {"text", "label"} <= set(made["columns"]["news.csv"])


def test_a_dry_run_writes_nothing(folder: Path) -> None:
    before = sorted(folder.iterdir())
    plan = _json("news.csv", "--dry-run", cwd=folder)
    assert sorted(folder.iterdir()) == before
    real = _json("news.csv", cwd=folder)
    assert plan["operators"] == real["operators"]
    assert plan["hash"] == real["hash"]
    assert plan["ledger"] is None


def test_a_recipe_about_data_alone(folder: Path) -> None:
    (folder / "data.yaml").write_text("data:\n  train: news.csv\n  split: {test: 0.5}\n")
    made = _json("data.yaml", "data.steps.duplicates=false", cwd=folder)
    assert "duplicates" not in made["operators"]
    rows = {name: pl.read_parquet(folder / path).height for name, path in made["prepared"].items()}
    assert rows["test"] > rows["train"] / 2


def test_rows_come_back_from_the_quarantine(folder: Path) -> None:
    made = _json("news.csv", cwd=folder)
    file = folder / made["quarantine"]
    rows = pl.read_csv(file).filter(pl.col("operator") == "conflicts").head(1)
    rows.write_csv(file)
    refused = here("prepare", "news.csv", cwd=folder)
    assert refused.returncode == 2
    assert "--restore" in refused.stderr
    again = _json("news.csv", "--restore", made["quarantine"], cwd=folder)
    assert again["rows_out"] == made["rows_out"] + 1


def test_the_fixed_recipe_can_be_used(folder: Path) -> None:
    made = _json("news.csv", "--fix", "--output", "sub/clean", cwd=folder)
    recipe = load_recipe(folder / made["recipe"]).recipe
    steps = recipe.stages[0].data.steps
    fixes = [found["fix"] for found in made["findings"] if found["fix"].startswith("data.steps.")]
    assert all(fix.split(".")[2].split("=")[0] in steps for fix in fixes)
    again = _json(made["recipe"], cwd=folder)
    assert again["rows_in"] == made["rows_in"]
    assert here("prepare", "news.csv", "--fix", cwd=folder).returncode == 2


def test_the_table_is_on_stdout_and_words_are_on_stderr(folder: Path) -> None:
    done = here("prepare", "news.csv", cwd=folder)
    assert "conflicts" in done.stdout
    assert "rows in" in done.stderr
    assert done.stdout.splitlines()[-1] == "prepared"


def test_one_worker_and_two_give_the_same_bytes(folder: Path) -> None:
    for workers in ("1", "2"):
        _json("news.csv", "--workers", workers, "--output", f"out{workers}", cwd=folder)
    for file in sorted((folder / "out1").iterdir()):
        assert file.read_bytes() == (folder / "out2" / file.name).read_bytes(), file.name
