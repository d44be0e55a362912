"""The command line from end to end, in processes of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from tests.conftest import table, write_csv
from tests.helpers import cli, cli_json, recipe

from luthier.recipe.load import recipe_text

VERBS = [
    "init",
    "doctor",
    "prepare",
    "tune",
    "evaluate",
    "predict",
    "runs",
    "recipes",
    "techniques",
    "schema",
]


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory, bases: dict[str, Path]) -> tuple[Path, dict]:
    """A folder in which ``luthier tune news.yaml`` ran, and what it printed."""
    folder = tmp_path_factory.mktemp("work")
    write_csv(folder / "news.csv", table(240), ("sentence", "sentiment"))
    values = recipe(Path("news.csv"), bases["bert"], training__epochs=15)
    values["evaluation"]["target"] = {"f1_macro": 0.5}
    (folder / "news.yaml").write_text(recipe_text(values))
    return folder, cli_json("tune", "news.yaml", "training.seed=1", cwd=folder)


def test_help_lists_the_verbs() -> None:
    done = cli("--help")
    assert done.returncode == 0
    assert all(f"\n  {verb} " in done.stdout for verb in VERBS)


@pytest.mark.parametrize(
    "arguments", [["--help"], ["schema"], ["recipes"], ["techniques"], ["tune", "--help"]]
)
def test_light_verbs_load_no_heavy_library(arguments: list[str]) -> None:
    script = (
        "import sys; sys.argv = ['luthier', *sys.argv[1:]]\n"
        "from luthier.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'transformers', 'polars', 'peft', 'numpy'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_schema_is_a_json_schema_of_recipes() -> None:
    schema = json.loads(cli("schema").stdout)
    short, long = schema["anyOf"]
    assert {"name", "base", "task", "data"} <= set(short["properties"])
    assert {"name", "stages"} <= set(long["properties"])
    text = json.dumps(schema)
    for kind in ("classify", "lora", "freeze", "discriminative", "cosine", "duplicates"):
        assert f'"{kind}"' in text
    assert "x-registry" not in text


def test_tune_prints_one_json_object(tuned: tuple[Path, dict]) -> None:
    folder, printed = tuned
    assert {"run", "metrics", "seconds", "verdict"} <= set(printed)
    for name in ("accuracy", "precision_macro", "recall_macro", "f1_macro", "f1_micro",
                 "f1_weighted", "mcc", "roc_auc"):  # fmt: skip
        entry = printed["metrics"][name]
        assert entry["low"] <= entry["value"] <= entry["high"]
    assert printed["verdict"]["passed"] is True
    assert (folder / printed["run"]).is_dir()


def test_run_directory_is_whole(tuned: tuple[Path, dict]) -> None:
    folder, printed = tuned
    run = folder / printed["run"]
    expected = {"recipe.yaml", "resolved.yaml", "environment.json", "events.jsonl", "stages",
                "model", "verdict.json", "README.md", "lineage.json", "origin.json"}  # fmt: skip
    assert {path.name for path in run.iterdir()} == expected
    (stage,) = (run / "stages").iterdir()
    assert {"data", "report.json", "report.html", "report.zh.html"} <= {
        path.name for path in stage.iterdir()
    }
    assert not list(run.rglob("*.bin")) + list(run.rglob("*.pt")) + list(run.rglob("*.pkl"))


def test_report_is_self_contained_in_both_languages(tuned: tuple[Path, dict]) -> None:
    folder, printed = tuned
    for name, words in (("report.html", "Target reached"), ("report.zh.html", "达到目标")):
        (page,) = (folder / printed["run"]).glob(f"stages/*/{name}")
        text = page.read_text(encoding="utf-8")
        assert words in text
        assert "<svg" in text
        outside = text.replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in outside
        assert "https://" not in outside
        assert "<script src" not in outside
        assert "<link" not in outside


def test_evaluate_repeats_the_verdict(tuned: tuple[Path, dict]) -> None:
    folder, printed = tuned
    again = cli_json("evaluate", printed["run"], cwd=folder)
    assert again["metrics"] == printed["metrics"]
    assert again["verdict"]["passed"] == printed["verdict"]["passed"]
    assert {"run", "metrics", "seconds", "verdict"} <= set(again)


def test_evaluate_on_other_rows_notes_what_it_left_out(tuned: tuple[Path, dict]) -> None:
    folder, printed = tuned
    rows = [*table(30, seed=5), ("shares of the board", "mixed"), ("", "positive")]
    write_csv(folder / "other.csv", rows, ("Sentence", "Sentiment"))
    result = cli_json("evaluate", printed["run"], "--data", "other.csv", cwd=folder)
    assert result["rows"] == 30
    assert any("mixed" in note for note in result["notes"])


def test_predict_texts_and_files(tuned: tuple[Path, dict]) -> None:
    folder, printed = tuned
    texts = [text for text, _ in table(6, seed=9)]
    pl.DataFrame({"sentence": texts}).write_csv(folder / "in.csv")
    (folder / "in.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
    by_text = cli_json(
        "predict", printed["run"], *(a for t in texts for a in ("--text", t)), cwd=folder
    )["predictions"]
    for file in ("in.csv", "in.txt"):
        assert cli_json("predict", "news", "--input", file, cwd=folder)["predictions"] == by_text
    assert [answer["text"] for answer in by_text] == texts
    assert all(sum(a["probabilities"].values()) == pytest.approx(1) for a in by_text)
    done = cli("predict", "news", "--input", "in.csv", "--output", "out.jsonl", cwd=folder)
    assert done.returncode == 0
    lines = (folder / "out.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == by_text


def test_predict_can_clean_texts_as_in_training(tuned: tuple[Path, dict]) -> None:
    folder, _ = tuned
    raw, bare = "profit&nbsp;rose <b>record</b>", "profit rose record"
    (cleaned,) = cli_json("predict", "news", "--clean", "--text", raw, cwd=folder)["predictions"]
    (plain,) = cli_json("predict", "news", "--text", bare, cwd=folder)["predictions"]
    assert cleaned["probabilities"] == plain["probabilities"]


def test_runs_lists_the_run(tuned: tuple[Path, dict]) -> None:
    folder, _ = tuned
    (entry,) = cli_json("runs", cwd=folder)["runs"]
    assert entry["state"] == "finished"
    done = cli("runs", cwd=folder)
    assert "finished" in done.stdout


def test_results_go_to_stdout_and_words_to_stderr(tuned: tuple[Path, dict]) -> None:
    folder, printed = tuned
    done = cli("evaluate", printed["run"], "--json", cwd=folder)
    json.loads(done.stdout)
    assert "Warning" not in done.stderr
    assert "transformers" not in done.stderr


def test_init_writes_a_recipe_that_tunes(tuned: tuple[Path, dict], bert: Path) -> None:
    folder, _ = tuned
    (folder / "sub").mkdir()
    made = cli_json("init", "news.csv", "--output", "sub/first.yaml", cwd=folder)
    assert made["inspection"]["text"] == "sentence"
    assert made["inspection"]["label"] == "sentiment"
    done = cli_json(
        "tune", "sub/first.yaml", f"base={bert}", "training.max_steps=2",
        cwd=folder,
    )  # fmt: skip
    assert done["verdict"]["passed"] is False
    again = cli("init", "news.csv", "--output", "sub/first.yaml", cwd=folder)
    assert again.returncode == 2
    assert "--force" in again.stderr


def test_prepare_data_alone(tmp_path: Path) -> None:
    rows = [*table(30), *table(5), ("", "positive"), ("net sales", "")]
    write_csv(tmp_path / "news.csv", rows, ("sentence", "sentiment"))
    made = cli_json("prepare", "news.csv", "--output", "clean", cwd=tmp_path)
    assert (made["rows_in"], made["rows_out"]) == (37, 30)
    ledger = pl.read_parquet(tmp_path / made["ledger"])
    assert len(ledger.filter(pl.col("action") == "dropped")) == 7
    assert sum(pl.read_parquet(tmp_path / f).height for f in made["prepared"].values()) == 30


def test_prepare_replaces_only_prepared_rows(tmp_path: Path) -> None:
    write_csv(tmp_path / "news.csv", table(30), ("sentence", "sentiment"))
    precious = tmp_path / "mine" / "thesis.txt"
    precious.parent.mkdir()
    precious.write_text("years of work")
    done = cli("prepare", "news.csv", "--output", "mine", cwd=tmp_path)
    assert done.returncode == 2
    assert precious.read_text() == "years of work"
    for _ in range(2):
        assert cli("prepare", "news.csv", "--output", "clean", cwd=tmp_path).returncode == 0


def test_chinese_messages(tmp_path: Path) -> None:
    done = cli("tune", "nosuch", cwd=tmp_path, LUTHIER_LANG="zh")
    assert done.returncode == 2
    assert "错误" in done.stderr
    assert "提示" in done.stderr


def test_doctor_says_what_the_machine_can_do() -> None:
    facts = cli_json("doctor")
    assert facts["device"] in {"cpu", "cuda", "mps"}
    assert isinstance(facts["bf16"], bool)
