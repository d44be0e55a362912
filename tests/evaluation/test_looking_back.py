"""What the report finds out about how training went."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.helpers import recipe

import luthier
from luthier.cli.results import finding_lines, result_json
from luthier.core.files import read_json
from luthier.evaluation.advice import advise
from luthier.evaluation.looking_back import course, cut_steps, look_back
from luthier.evaluation.report import report_page


def report_of(train: list[float], validation: list[float], **changes: Any) -> dict[str, Any]:
    """A training with an evaluation every second step."""
    steps = [
        {"step": n + 1, "loss": train[n // 2], "lr": 0.1, "reaction": 1.0, "grown": 1}
        for n in range(2 * len(train))
    ]
    return {
        "history": steps,
        "evaluations": [
            {"step": 2 * n, "metrics": {"loss": loss}} for n, loss in enumerate(validation, 1)
        ],
        "metric": "accuracy",
        "training": {"stopped": False, "steps": len(steps), "planned": len(steps), "best_step": 2},
        "settings": {
            "early_stopping": None, "dropout": None, "weight_decay": 0.01, "epochs": 3.0,
            "max_steps": None,
        },
        "task": {"kind": "classify", "label_smoothing": 0.0},
        **changes,
    }  # fmt: skip


def test_over_fitting_is_said_with_what_helps() -> None:
    (found,) = look_back(report_of([1.0, 0.6, 0.2, 0.1], [1.0, 0.8, 0.9, 1.2]))
    assert "rose from 0.800 to 1.200" in found["text"]["en"]
    assert "fell from 0.600 to 0.100" in found["text"]["en"]
    assert "过拟合" in found["text"]["zh"]
    assert found["fix"] == "training.early_stopping.patience=2"
    assert found["fields"]["step"] == 4


def test_remedies_go_on_where_the_recipe_has_the_first() -> None:
    report = report_of([1.0, 0.6, 0.2, 0.1], [1.0, 0.8, 0.9, 1.2])
    settings, task = report["settings"], report["task"]
    fixes = []
    for change in (
        lambda: settings.update(early_stopping={"patience": 2}),
        lambda: settings.update(dropout=0.3),
        lambda: task.update(label_smoothing=0.1),
        lambda: settings.update(weight_decay=0.1),
    ):
        change()
        fixes.append(look_back(report)[0]["fix"])
    assert fixes == [
        "training.dropout=0.2", "task.label_smoothing=0.1", "training.weight_decay=0.1", "",
    ]  # fmt: skip
    picture = report | {"task": {"kind": "image", "augment": "none", "label_smoothing": 0.0}}
    assert look_back(picture)[0]["fix"] == "task.augment=standard"


def test_a_gap_alone_is_the_beginning_of_it() -> None:
    (found,) = look_back(report_of([1.0, 0.4, 0.2, 0.1], [1.0, 0.8, 0.7, 0.69]))
    assert found["text"]["en"].startswith("Over-fitting begins")
    assert found["harm"] < 0.6


def test_training_that_ends_too_soon_is_told_so() -> None:
    (found,) = look_back(report_of([1.0, 0.8, 0.7, 0.5], [1.0, 0.9, 0.8, 0.6]))
    assert found["fix"] == "training.epochs=6"


@pytest.mark.parametrize(
    ("train", "validation"),
    [
        ([1.0, 0.8, 0.7], [1.1, 0.9, 0.89]),
        ([1.0, 0.5], [1.0, 2.0]),
        ([1.0, 1.1, 1.2], [1, 2, 2]),
        ([0.8, 0.9, 1.0], [0.6, 1.0, 0.7]),
    ],
    ids=["sound", "too short to tell", "both rise", "unsteady"],
)
def test_nothing_is_said_of_other_courses(train: list[float], validation: list[float]) -> None:
    assert look_back(report_of(train, validation)) == []


def test_early_stop_cuts_and_growth_are_told() -> None:
    report = report_of([1.0, 0.8, 0.7], [1.0, 0.9, 0.95])
    for step, (reaction, grown) in enumerate([(1, 1), (1, 1), (0.5, 1), (0.5, 2), (0.25, 4)]):
        report["history"][step] |= {"reaction": reaction, "grown": grown}
    report["history"] = report["history"][:5]
    report["training"] |= {"stopped": True, "planned": 40}
    report["settings"]["early_stopping"] = {"patience": 1}
    texts = [found["text"]["en"] for found in look_back(report)]
    assert any("at step 6 of 40" in text and "step 2" in text for text in texts)
    assert any("2 times" in text and "0.25" in text for text in texts)
    assert any("4 times their size" in text for text in texts)
    assert cut_steps(report["history"]) == [2, 4]


def test_a_run_that_over_fits_says_so(bert: Path, news: Path, tmp_path: Path) -> None:
    """Few rows whose labels are noise: what is learned is by heart, and validation gets worse."""
    lines = news.read_text(encoding="utf-8").splitlines()
    labels = ["positive", "negative", "neutral"]
    noisy = [f"{line.rpartition(',')[0]},{labels[n * 7 % 3]}" for n, line in enumerate(lines[1:61])]
    few = tmp_path / "few.csv"
    few.write_text("\n".join([lines[0], *noisy]), encoding="utf-8")
    values = recipe(few, bert, training__early_stopping={"patience": 4}, evaluation__best="loss")
    values["training"] |= {
        "epochs": 20, "learning_rate": 1e-2,
        "schedule": {"kind": "plateau", "patience": 1, "metric": "loss"},
    }  # fmt: skip
    run = luthier.tune(values, runs_dir=tmp_path / "runs")
    report = read_json(run.path / "stages" / "0-main" / "report.json")
    losses = course(report)
    assert losses[-1].validation > min(at.validation for at in losses)
    findings = result_json(run)["findings"]
    assert findings == report["findings"]
    assert findings[0]["text"]["en"].startswith("Over-fitting: ")
    assert advise(report)[0] == findings[0]["text"]
    assert report["training"]["stopped"]
    assert report["training"]["best_step"] < report["training"]["steps"]
    assert any("is back" in line or "are back" in line for line in finding_lines(findings))
    for language in ("en", "zh"):
        page = report_page(report, language)
        assert findings[0]["text"][language] in page
        assert page.count("<g transform") == 3
