"""Stages one after another: where a model comes from, what is left of what it knew, replay."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.conftest import table, write_csv
from tests.evaluation.test_report import Balanced
from tests.helpers import recipe

import luthier
from luthier.core.errors import RecipeError
from luthier.evaluation.evaluate import measure_rows
from luthier.evaluation.report import report_page
from luthier.evaluation.saved import saved
from luthier.models.bases import Base
from luthier.models.graft import under_head
from luthier.models.load import load_model
from luthier.pipeline.past import LookingBack, Past, past_of
from luthier.recipe.schema import Training
from luthier.runs import Run
from luthier.tasks.task import inputs_of
from luthier.techniques.replay import Replaying

SEEDS = (0, 0, 0)


def stage_of(data: Path, base: Path | str | None, **changes: Any) -> dict[str, Any]:
    values = recipe(data, base or "", training__epochs=1, **changes)
    del values["name"]
    return values if base else {key: v for key, v in values.items() if key != "base"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With two tables: the mood of a sentence, and its length."""
    place = tmp_path_factory.mktemp("stages")
    write_csv(place / "mood.csv", table(120), ("text", "label"))
    rows = [(text, "long" if len(text.split()) > 8 else "short") for text, _ in table(90, 5)]
    write_csv(place / "length.csv", rows, ("text", "label"))
    return place


@pytest.fixture(scope="module")
def two(folder: Path, bert: Path) -> Run:
    """Adapters on the mood, then the whole base on the length."""
    mood = stage_of(folder / "mood.csv", bert, techniques=[{"kind": "lora", "r": 2}])
    length = stage_of(folder / "length.csv", None)
    stages = [{"name": "mood", **mood}, {"name": "length", **length}]
    return luthier.tune({"name": "two", "stages": stages}, runs_dir=folder / "runs")


@pytest.fixture(scope="module")
def three(folder: Path, two: Run) -> Run:
    """A run that goes on from the other with the mood again."""
    values = recipe(folder / "mood.csv", "run:two", name="three", training__epochs=1)
    return luthier.tune(values, runs_dir=folder / "runs")


@pytest.fixture
def mood(two: Run) -> Past:
    (past,) = past_of(Base("mood", two.path / "stages/0-mood/model", "run"), two)
    return past


def reported(run: Run) -> dict[str, Any]:
    return json.loads(max(run.path.glob("stages/*/report.json")).read_text(encoding="utf-8"))


def test_lineage_goes_through_runs(two: Run, three: Run) -> None:
    lineage = json.loads((three.path / "lineage.json").read_text(encoding="utf-8"))
    assert lineage == three.verdict()["lineage"] == saved(three.model)["lineage"]
    assert [stage["stage"] for stage in lineage] == ["mood", "length", "main"]
    assert [stage["base"] for stage in lineage[1:]] == ["stage mood", "run:two"]
    assert lineage[:2] == two.verdict()["lineage"]
    cards = [
        json.loads(path.read_text()) for path in sorted(two.path.glob("stages/*/data/card.json"))
    ]
    assert [stage["data"] for stage in lineage[:2]] == [card["hash"] for card in cards]
    assert lineage[0]["data"] == lineage[2]["data"]
    assert len({stage["recipe"] for stage in lineage}) == 3


def test_forgetting_is_that_of_the_body_under_the_earlier_head(two: Run, mood: Past) -> None:
    found = two.verdict()["forgetting"]
    assert found["stages"] == ["mood", "length"]
    (first,), (left, own) = found["rows"]
    assert first["value"] == mood.measured()["measures"]["metrics"]["f1_macro"]["value"]
    assert own["value"] == two.verdict()["metrics"]["f1_macro"]["value"]
    assert left["how"] == "head"
    before = mood.reload()
    grafted = under_head(luthier.load(two).model, before.model)
    again, _ = measure_rows(
        grafted, before.task, mood.prepared.splits["test"], mood.stage.evaluation
    )
    assert left["value"] == again.metrics["f1_macro"].value
    assert found["forgetting"] == [first["value"] - left["value"]]


def test_a_model_of_the_same_classes_answers_itself(two: Run, three: Run) -> None:
    found = three.verdict()["forgetting"]
    assert found["stages"] == ["two/mood", "two/length", "main"]
    assert [cell["how"] for cell in found["rows"][-1]] == ["itself", "head", "itself"]
    assert found["rows"][1] == two.verdict()["forgetting"]["rows"][1]
    assert found["rows"][-1][0] == found["rows"][-1][2]


def test_report_and_card_show_both(three: Run) -> None:
    for language in ("en", "zh"):
        page = report_page(reported(three), language)
        parser = Balanced()
        parser.feed(page)
        assert not parser.open
        assert "two/length" in page
        assert "stage mood" in page
    card = (three.path / "README.md").read_text(encoding="utf-8")
    assert "| two/mood |" in card
    assert "| stage | started from |" in card


def test_tests_of_earlier_stages_stay_closed_where_told(folder: Path, two: Run) -> None:
    values = recipe(folder / "mood.csv", "run:two", name="closed", training__max_steps=1)
    values["evaluation"]["earlier"] = False
    run = luthier.tune(values, runs_dir=folder / "runs")
    assert run.verdict()["forgetting"] is None
    assert len(run.verdict()["lineage"]) == 3


def test_adapters_to_go_on_from_are_merged(mood: Past) -> None:
    """The saved adapters' answers, without adapters; and another task gets a new head."""
    tuned = mood.reload()
    base = Base("mood", mood.model, "run")
    whole = load_model(base, tuned.task.head(), tuned.model.processor)
    batch = inputs_of(tuned.task.collate(tuned.task.encode(mood.prepared.splits["test"])))
    with torch.no_grad():
        wanted = tuned.model.network.eval()(**batch).logits
        assert whole.network.eval()(**batch).logits == pytest.approx(wanted, abs=1e-5)
    assert not whole.new
    assert not any("lora" in name for name, _ in whole.core.named_parameters())


def test_a_head_of_other_classes_is_not_taken_over(three: Run, bert: Path) -> None:
    config = luthier.load(three).task.config
    renamed = config.build({"labels": ["a", "b", "c"]}, luthier.load(three).model.processor)
    tuned, plain = (
        load_model(Base("x", path, "run"), renamed.head(), renamed.tokenizer, seed=4)
        for path in (three.model, bert)
    )
    learned = luthier.load(three).model.core.get_parameter("classifier.weight")
    drawn, usual = (model.core.get_parameter("classifier.weight") for model in (tuned, plain))
    assert not torch.equal(drawn, learned)
    assert {"classifier.weight", "classifier.bias"} <= tuned.new
    assert drawn.std().item() == pytest.approx(usual.std().item(), rel=0.3)


def test_replay_of_another_task_starts_at_the_loss_it_ended_with(two: Run, mood: Past) -> None:
    """Under its own head the stage's own body gives the loss that its model has."""
    task = luthier.load(two).task
    model = load_model(Base("mood", mood.model, "run"), task.head(), task.tokenizer, dropout=0.0)
    back = LookingBack(mood, task, Training(precision="fp32", max_tokens=64, dropout=0))
    rows = list(range(20))
    before = mood.reload()
    examples = before.task.encode(mood.prepared.splits["train"])[:20]
    batch = before.task.collate(examples)
    with torch.no_grad():
        output = before.model.network.eval()(**inputs_of(batch))
        total, weight = before.task.loss(output, batch)
        found = sum(loss.item() * count for loss, count in back.losses(model, rows, SEEDS))
    assert found / len(rows) == pytest.approx(total.item() / weight, abs=1e-5)


def test_replay_gives_the_gradient_of_new_and_old_rows_together(three: Run, mood: Past) -> None:
    found = luthier.load(three)
    model = load_model(
        Base("three", three.model, "run"), found.task.head(), found.task.tokenizer, dropout=0.0
    )
    settings = Training(batch_size=12, precision="fp32")
    back = LookingBack(mood, found.task, settings)
    replaying = Replaying(model, settings, [back.earlier], share=0.25)
    (old,) = replaying.rows(0)
    assert len(old) == 4
    new = back.examples[-12:]
    batch = found.task.collate(new)
    total, weight = found.task.loss(model.network(**inputs_of(batch)), batch)
    total.backward()
    replaying.before_update(weight)
    got = {n: p.grad / weight for n, p in model.core.named_parameters() if p.grad is not None}
    model.network.zero_grad()
    every = found.task.collate([*new, *(back.examples[row] for row in old)])
    total, weight = found.task.loss(model.network(**inputs_of(every)), every)
    (total / weight).backward()
    for name, parameter in model.core.named_parameters():
        if parameter.grad is not None:
            assert torch.allclose(got[name], parameter.grad, atol=1e-6), name


def test_replayed_rows_follow_from_seed_and_step_and_come_once_a_turn(mood: Past, two: Run) -> None:
    task, settings = luthier.load(two).task, Training(batch_size=16, seed=3)
    back = LookingBack(mood, task, settings)
    model = mood.reload().model
    one, other = (Replaying(model, settings, [back.earlier], share=0.1) for _ in range(2))
    drawn = [row for step in range(200) for row in one.rows(step)[0]]
    assert drawn == [row for step in range(200) for row in other.rows(step)[0]]
    count = len(back.examples)
    assert sorted(drawn[:count]) == list(range(count))
    assert drawn[:count] != drawn[count : 2 * count]
    assert len(drawn) == pytest.approx(200 * 16 / 9, abs=1)


def test_a_language_is_not_forgotten_nor_looked_up_by_halves(
    folder: Path, bases: dict[str, Path]
) -> None:
    """Its head asks for every word, its metric for less, not more."""
    text = stage_of(folder / "mood.csv", bases["gpt2"], training__max_steps=2)
    text |= {"task": {"kind": "language_model", "max_length": 16}}
    mood = stage_of(folder / "mood.csv", None, training__max_steps=3)
    mood["techniques"] = [{"kind": "replay", "share": 0.5}]
    stages = [{"name": "text", **text}, {"name": "mood", **mood}]
    run = luthier.tune({"name": "speaks", "stages": stages}, runs_dir=folder / "runs")
    found = run.verdict()["forgetting"]
    assert found["metrics"] == ["bits_per_byte", "f1_macro"]
    assert found["rows"][1][0]["how"] == "head"
    lost = found["rows"][1][0]["value"] - found["rows"][0][0]["value"]
    assert found["forgetting"] == [pytest.approx(lost)]
    assert found["mean_forgetting"] is None


@pytest.mark.parametrize(
    ("techniques", "problem"),
    [
        ([{"kind": "replay", "stages": ["two/moods"]}], "Did you mean 'two/mood'"),
        ([{"kind": "replay"}], "looks back on earlier stages"),
    ],
)
def test_replay_of_nothing_is_refused(
    folder: Path, two: Run, bert: Path, techniques: list[dict[str, Any]], problem: str
) -> None:
    base = "run:two" if "stages" in techniques[0] else bert
    values = recipe(folder / "mood.csv", base, techniques=techniques)
    with pytest.raises(RecipeError, match=problem):
        luthier.tune(values, runs_dir=folder / "refused" if base == bert else folder / "runs")


def test_images_do_not_look_back_on_texts(three: Run, two: Run) -> None:
    pasts = past_of(Base("three", three.model, "run"), three)
    assert [past.name for past in pasts] == ["two/mood", "two/length", "main"]
    assert [past.name for past in past_of(Base("b", two.model, "run"), two)] == ["mood", "length"]
