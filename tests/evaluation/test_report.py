"""The report and the model card of a real run."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from tests.conftest import table, write_csv
from tests.helpers import recipe

import luthier
from luthier.core.errors import RunError
from luthier.evaluation.report import report_page
from luthier.runs import Run

VOID = {"meta", "br", "hr", "img", "input", "link"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, bases: dict[str, Path]) -> Run:
    folder = tmp_path_factory.mktemp("report")
    rows = [*table(240), *table(3), ("<script>alert(1)</script> shares & oil", "neutral")]
    data = write_csv(folder / "n.csv", rows, ("sentence", "sentiment"))
    values = recipe(data, bases["bert"])
    values["evaluation"]["target"] = {"accuracy": 0.9}
    return luthier.tune(values, runs_dir=folder / "runs")


@pytest.fixture(scope="module")
def report(run: Run) -> dict[str, Any]:
    (path,) = run.path.glob("stages/*/report.json")
    return json.loads(path.read_text(encoding="utf-8"))


class Balanced(HTMLParser):
    """Fails on a tag that is closed wrongly or never."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("language", ["en", "zh"])
def test_page_is_well_formed_and_complete(report: dict[str, Any], language: str) -> None:
    page = report_page(report, language)
    parser = Balanced()
    parser.feed(page)
    assert parser.open == []
    for name, estimate in report["measures"]["metrics"].items():
        assert name in page
        assert f"{estimate['value']:.4f}" in page
    assert all(row["label"] in page for row in report["measures"]["per_class"])


def test_page_escapes_the_texts(report: dict[str, Any]) -> None:
    evil = [{"text": "<script>x</script>", "true": "a", "predicted": "b", "probability": 0.9}]
    page = report_page(report | {"mistakes": evil}, "en")
    assert "<script>x" not in page
    assert "&lt;script&gt;x" in page


def test_report_holds_what_it_says(report: dict[str, Any]) -> None:
    measures = report["measures"]
    assert sum(map(sum, measures["confusion"])) == measures["n"] == report["data"]["rows"]["test"]
    assert report["data"]["operators"]["duplicates"]["dropped"] == 3
    assert report["parameters"]["trainable"] == report["parameters"]["total"]
    steps = [entry["step"] for entry in report["history"]]
    assert steps == list(range(1, report["training"]["steps"] + 1))
    wrong = measures["n"] * (1 - measures["metrics"]["accuracy"]["value"])
    assert len(report["mistakes"]) == min(20, round(wrong))


def test_model_card_has_front_matter_and_both_languages(run: Run) -> None:
    card = (run.model / "README.md").read_text(encoding="utf-8")
    _, front, body = card.split("---\n", 2)
    matter = YAML(typ="safe").load(front)
    assert matter["pipeline_tag"] == "text-classification"
    (entry,) = matter["model-index"]
    types = {metric["type"] for metric in entry["results"][0]["metrics"]}
    assert {"accuracy", "f1_macro"} <= types
    assert "## Verdict / 结论" in body
    assert card == (run.path / "README.md").read_text(encoding="utf-8")


def test_loading_what_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError):
        luthier.load(tmp_path)


def test_misspelt_run_offers_the_nearest(run: Run) -> None:
    with pytest.raises(RunError, match="'news'"):
        luthier.load("nwes", runs_dir=run.path.parent.parent)
