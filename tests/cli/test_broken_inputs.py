"""Twenty broken inputs: one clear error or a reported repair, never a traceback or half a run."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import table, write_csv
from tests.helpers import here, recipe

from luthier.recipe.load import recipe_text
from luthier.runs import State, list_runs

Break = Callable[[Path], None]


def news(folder: Path, rows: list[tuple[str, str]] | None = None) -> Path:
    return write_csv(folder / "news.csv", rows or table(60), ("sentence", "sentiment"))


def content(data: bytes) -> Break:
    return lambda folder: (folder / "news.csv").write_bytes(data) and None  # type: ignore[func-returns-value]


def rows(*lines: str) -> Break:
    return content("\n".join(lines).encode())


def one_class(folder: Path) -> None:
    news(folder, [(text, "positive") for text, _ in table(40)])


def all_unlabelled(folder: Path) -> None:
    news(folder, [(text, "") for text, _ in table(40)])


def all_nan(folder: Path) -> None:
    news(folder, [("NaN", label) for _, label in table(40)])


def folder_empty(folder: Path) -> None:
    (folder / "news.csv").mkdir()


def no_file(folder: Path) -> None:
    del folder


ERRORS: dict[str, tuple[Break, str]] = {
    "empty file": (content(b""), "empty"),
    "blank file": (content(b"\n \n"), "empty"),
    "header only": (rows("sentence,sentiment"), "no rows"),
    "binary file": (content(bytes(range(256)) * 50), "not"),
    "png named csv": (content(b"\x89PNG\r\n\x1a\n" + bytes(500)), "not"),
    "one class only": (one_class, "positive"),
    "no label at all": (all_unlabelled, "No rows are left"),
    "only NaN texts": (all_nan, "No rows are left"),
    "no such file": (no_file, "no file"),
    "empty folder": (folder_empty, "empty"),
    "two rows": (rows("sentence,sentiment", "profit rose,positive", "loss,negative"), "row"),
    "columns unknown": (rows("a,b", *(f"{t},{y}" for t, y in table(30))), "column"),
}


@pytest.fixture
def work(tmp_path: Path, bert: Path) -> Path:
    values = recipe(Path("news.csv"), bert, training__max_steps=2)
    (tmp_path / "news.yaml").write_text(recipe_text(values))
    return tmp_path


def assert_refused(work: Path, arguments: list[str], words: str) -> None:
    done = here(*arguments, cwd=work)
    assert done.returncode == 2, done.stderr
    assert words.casefold() in done.stderr.casefold()
    assert "error:" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert "Internal" not in done.stderr
    assert not any(run.state() is State.FINISHED for run in list_runs(work / "runs"))


@pytest.mark.parametrize("name", ERRORS)
def test_broken_data_is_one_clear_error(work: Path, name: str) -> None:
    spoil, words = ERRORS[name]
    spoil(work)
    assert_refused(work, ["tune", "news.yaml"], words)


RECIPES: dict[str, tuple[str, str]] = {
    "unreadable YAML": ("name: x\n  base: [", "broken.yaml:2"),
    "not a mapping": ("- a\n- b\n", "mapping"),
    "unknown key": ("base: b\nname: x\ntask: classify\ndata: {train: a}\nlerning_rate: 1\n",
                    "'learning_rate'"),
    "wrong type": ("name: x\nbase: b\ntask: classify\ndata: {train: a}\n"
                   "training:\n  epochs: many\n", ":6"),
    "missing key": ("name: x\nbase: b\ntask: classify\n", "data"),
    "no such base": ("name: x\nbase: ./nowhere\ntask: classify\ndata: {train: news.csv}\n",
                     "nowhere"),
    "unknown metric": ("name: x\nbase: b\ntask: classify\ndata: {train: news.csv}\n"
                       "evaluation: {target: {acuracy: 0.9}}\n", "accuracy"),
}  # fmt: skip


@pytest.mark.parametrize("name", RECIPES)
def test_broken_recipe_is_one_clear_error(work: Path, name: str) -> None:
    text, words = RECIPES[name]
    news(work)
    (work / "broken.yaml").write_text(text)
    assert_refused(work, ["tune", "broken.yaml"], words)


def tuned(work: Path) -> str:
    """Tune, which must work, and give what was said on the way."""
    done = here("tune", "news.yaml", cwd=work)
    assert done.returncode == 0, done.stderr
    (run,) = list_runs(work / "runs")
    assert run.state() is State.FINISHED
    (card,) = run.path.glob("stages/*/data/card.json")
    return card.read_text(encoding="utf-8")


def test_ten_megabytes_in_one_cell_are_cut(work: Path) -> None:
    news(work, [*table(60), ("profit " * 1_500_000, "positive")])
    assert '"max": 10499999' in tuned(work)


def test_ragged_rows_are_repaired_and_reported(work: Path) -> None:
    lines = [f"{text},{label}" for text, label in table(60)]
    lines[3] = "profit rose, they said,positive"
    lines[7] = "loss"
    (work / "news.csv").write_text("\n".join(["sentence,sentiment", *lines]))
    card = tuned(work)
    assert "more cells than the header" in card
    assert "fewer cells than the header" in card


def test_label_with_one_row_stays_in_train_and_is_reported(work: Path) -> None:
    news(work, [*table(60), ("shares named", "odd")])
    assert "labels with one row only" in tuned(work)


def test_null_bytes_and_quotes_do_not_stop_the_work(work: Path) -> None:
    with (work / "news.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["sentence", "sentiment"])
        writer.writerows([*table(60), ('he said "profit\x07"\nand left', "positive")])
    assert '"rows_out": 61' in tuned(work)
