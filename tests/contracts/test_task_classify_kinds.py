"""Pairs, several labels and scores, end to end: learned, saved, reloaded, and in transformers."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import random
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pytest
import transformers
from tests.conftest import FILLER
from tests.contracts.test_resume import Stop, assert_same, crash_at
from tests.helpers import classifier, model_for, recipe

import luthier
from luthier.evaluation.predict import predict
from luthier.pipeline import resume_run, tune
from luthier.recipe.load import load_recipe
from luthier.runs import list_runs
from luthier.tasks.task import Batch

NEUTRAL = [word for word in FILLER if word not in ("oil", "euro")]
KINDS = ("pair", "classes", "score")


class Kind(NamedTuple):
    """One kind of answer: how the recipe asks for it, its rows, and what must be reached."""

    task: dict[str, Any]
    rows: list[dict[str, str]]
    target: dict[str, float]


def _said(choose: random.Random, words: list[str]) -> str:
    said = choose.choices(NEUTRAL, k=choose.randint(1, 6)) + words
    choose.shuffle(said)
    return " ".join(said)


def _pair(choose: random.Random) -> dict[str, str]:
    """Which of two texts speaks of oil: swapped, the answer is the other."""
    first = choose.random() < 0.5
    texts = _said(choose, ["oil"] * first), _said(choose, ["oil"] * (not first))
    return {"premise": texts[0], "hypothesis": texts[1], "label": "first" if first else "second"}


def _classes(choose: random.Random) -> dict[str, str]:
    words = [word for word in ("profit", "loss") if choose.random() < 0.5]
    return {"text": _said(choose, words), "label": "; ".join(words) or "[]"}


def _score(choose: random.Random) -> dict[str, str]:
    up, down = choose.randint(0, 2), choose.randint(0, 2)
    said = _said(choose, ["profit"] * up + ["loss"] * down)
    return {"text": said, "score": str(up - down)}


def kind_of(name: str) -> Kind:
    choose = random.Random(5)
    make = {"pair": _pair, "classes": _classes, "score": _score}[name]
    rows = {str(row): row for row in (make(choose) for _ in range(320))}
    task = {"pair": {}, "classes": {"target": "classes"}, "score": {"target": "score"}}[name]
    target = {"pair": "accuracy", "classes": "f1_macro", "score": "r2"}[name]
    return Kind({"kind": "classify", **task}, list(rows.values()), {target: 0.8})


def values_of(name: str, base: Path, folder: Path) -> dict[str, Any]:
    kind = kind_of(name)
    path = folder / f"{name}.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, kind.rows[0])
        writer.writeheader()
        writer.writerows(kind.rows)
    return recipe(path, base, task=kind.task, training__epochs=9, evaluation__target=kind.target)


def given_of(name: str, count: int = 40) -> list[dict[str, str]]:
    """Rows to answer, as people give them."""
    names = {"premise": "text", "hypothesis": "pair", "text": "text"}
    rows = kind_of(name).rows[:count]
    return [{names[key]: row[key] for key in row if key in names} for row in rows]


@pytest.fixture(scope="module")
def runs(bases: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A finished run of each kind."""
    folder = tmp_path_factory.mktemp("kinds")
    return {
        name: luthier.tune(values_of(name, bases["bert"], folder), runs_dir=folder / "runs")
        for name in KINDS
    }


def numbers(answers: list[dict[str, Any]]) -> list[list[float]]:
    return [list(a.get("probabilities", {"score": a.get("score")}).values()) for a in answers]


@pytest.mark.parametrize("name", KINDS)
def test_learns_and_is_measured_alike_when_reloaded(runs: dict[str, Any], name: str) -> None:
    verdict = runs[name].verdict()
    assert verdict["verdict"]["passed"], verdict["metrics"]
    again = luthier.evaluate(runs[name])["metrics"]
    assert {k: v["value"] for k, v in again.items()} == pytest.approx(
        {k: v["value"] for k, v in verdict["metrics"].items()}, abs=1e-7
    )


@pytest.mark.parametrize("name", KINDS)
def test_batched_equals_single(runs: dict[str, Any], name: str) -> None:
    predictor, given = luthier.load(runs[name]), given_of(name)
    together = numbers(predictor.predict(given))
    for size in (1, 7):
        np.testing.assert_allclose(
            numbers(predictor.predict(given, batch_size=size)), together, atol=1e-6
        )


@pytest.mark.parametrize("name", KINDS)
def test_transformers_alone_gives_the_same(runs: dict[str, Any], name: str) -> None:
    pipe = transformers.pipeline(
        "text-classification", model=str(runs[name].model), device="cpu", top_k=None
    )
    given = given_of(name)
    ours = luthier.load(runs[name]).predict(given)
    for row, answer in zip(given, ours, strict=True):
        texts = {"text": row["text"], **({"text_pair": row["pair"]} if "pair" in row else {})}
        found = {entry["label"]: entry["score"] for entry in pipe(texts, function_to_apply=(
            "none" if name == "score" else None
        ))}  # fmt: skip
        said = answer.get("probabilities", {"score": answer.get("score")})
        assert said == pytest.approx(found, abs=1e-5)


@pytest.mark.parametrize("name", KINDS)
def test_the_model_card_shows_lines_that_answer_the_same(
    runs: dict[str, Any], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (report,) = runs[name].path.glob("stages/*/report.json")
    usage = json.loads(report.read_text())["about"]["usage"]
    row = next(row for row in given_of(name) if "profit" in row["text"] or "pair" in row)
    (answer,) = luthier.load(runs[name]).predict([row])
    for text in row.values():
        usage = usage.replace("...", text, 1)
    monkeypatch.chdir(runs[name].path)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(usage, "card", "exec"), {})
    shown = out.getvalue()
    if name == "pair":
        assert f"'{answer['label']}'" in shown
    if name == "classes":
        assert sorted(eval(shown)) == answer["labels"]
    if name == "score":
        assert eval(shown)[0]["score"] == pytest.approx(answer["score"], abs=1e-4)


def test_the_order_of_two_texts_counts(runs: dict[str, Any]) -> None:
    given = given_of("pair")
    swapped = [{"text": row["pair"], "pair": row["text"]} for row in given]
    predictor = luthier.load(runs["pair"])
    one, other = (predictor.predict(rows) for rows in (given, swapped))
    flipped = [a["label"] != b["label"] for a, b in zip(one, other, strict=True)]
    assert np.mean(flipped) > 0.9


@pytest.mark.parametrize("name", ["pair", "classes"])
def test_crash_and_resume(bert: Path, tmp_path: Path, name: str) -> None:
    values = values_of(name, bert, tmp_path)
    values["training"] |= {"epochs": 2, "save_every": 4, "dropout": 0.1}
    whole = luthier.tune(values, runs_dir=tmp_path / "whole")
    with pytest.raises(Stop):
        tune(load_recipe(values), tmp_path / "cut", listener=crash_at(9))
    (cut,) = list_runs(tmp_path / "cut")
    resumed = resume_run(cut)
    assert_same(resumed, whole)
    about = [json.loads((run.model / "luthier.json").read_text()) for run in (resumed, whole)]
    assert about[0]["facts"] == about[1]["facts"]


def test_thresholds_are_those_of_validation(runs: dict[str, Any]) -> None:
    """They stand beside the model, and are what its measures and answers were made with."""
    facts = json.loads((runs["classes"].model / "luthier.json").read_text())["facts"]
    assert list(facts["labels"]) == ["loss", "profit"]
    assert len(facts["thresholds"]) == 2
    predictor = luthier.load(runs["classes"])
    for answer in predictor.predict(given_of("classes")):
        limits = zip(facts["labels"], facts["thresholds"], strict=True)
        given = [label for label, limit in limits if answer["probabilities"][label] >= limit]
        assert answer["labels"] == given


@pytest.mark.parametrize("kind", ["gpt2", "llama", "t5"])
def test_pairs_in_other_families(bases: dict[str, Path], kind: str) -> None:
    """Padding and what stands beside a pair change nothing."""
    task = classifier(bases[kind], ["first", "second"], text="text", pair="pair")
    model = model_for(task, bases[kind])
    rows = pl.DataFrame(given_of("pair", 12))
    examples = task.encode(rows)
    together, single = (predict(model, task, examples, batch_size=size) for size in (12, 1))
    np.testing.assert_allclose(together, single, atol=1e-6)
    batch: Batch = task.collate(examples)
    assert set(batch) == {"input_ids", "attention_mask"}
