"""The task tag end to end: overfit, save, reload, predict; resume; adapters; freezing."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file
from tests.conftest import BAD, FAMILIES, FILLER, FLAT, GOOD
from tests.helpers import here, recipe

import luthier
from luthier.data.schemes import breaks
from luthier.pipeline import Listener, resume_run, tune
from luthier.recipe.load import load_recipe
from luthier.runs import Run, list_runs
from luthier.tasks.tagging.paths import Rules, tagged
from luthier.train.events import Event, Stepped

KINDS = {"UP": GOOD, "DOWN": BAD}
Row = dict[str, list[str]]


def sentence(choose: random.Random) -> Row:
    """Words between which runs of good ones and of bad ones are entities; and parts of speech."""
    tokens, tags = [], []
    for _ in range(choose.randint(1, 3)):
        before = choose.choices(FILLER, k=choose.randint(1, 3))
        kind = choose.choice(list(KINDS))
        entity = choose.sample(KINDS[kind], choose.randint(1, 3))
        tokens += [*before, *entity]
        tags += ["O"] * len(before) + [f"B-{kind}"] + [f"I-{kind}"] * (len(entity) - 1)
    if choose.random() < 0.5:
        tokens.append(choose.choice(FLAT))
        tags.append("O")
    upos = ["VERB" if word in FLAT else "X" if word in FILLER else "ADJ" for word in tokens]
    return {"tokens": tokens, "ner_tags": tags, "upos": upos}


def sentences(count: int, seed: int = 0) -> list[Row]:
    """Different ones."""
    choose = random.Random(seed)
    found: dict[str, Row] = {}
    while len(found) < count:
        row = sentence(choose)
        found.setdefault(" ".join(row["tokens"]), row)
    return list(found.values())


def write(path: Path, rows: list[Row], column: str = "ner_tags") -> Path:
    lines = [json.dumps({"tokens": row["tokens"], column: row[column]}) for row in rows]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def marked(tmp_path: Path) -> Path:
    return write(tmp_path / "marked.jsonl", sentences(110))


def values_for(data: Path, base: Path, **changes: Any) -> dict[str, Any]:
    task = {"kind": "tag", **changes.pop("task", {})}
    settings = {"task": task, "training__epochs": 2, "training__batch_size": 8} | changes
    return recipe(data, base, **settings)


def overfitted(data: Path, base: Path, runs: Path, **changes: Any) -> Run:
    settings = {"training__epochs": 12, "training__learning_rate": 1e-2} | changes
    return luthier.tune(values_for(data, base, **settings), runs_dir=runs)


def scores(verdict: dict[str, Any]) -> dict[str, float]:
    return {name: entry["value"] for name, entry in verdict["metrics"].items()}


def tags_of(answer: dict[str, Any]) -> list[str]:
    return [word["tag"] for word in answer["words"]]


def assert_same(left: list[dict[str, Any]], right: list[dict[str, Any]]) -> None:
    """The same answers, with the same probabilities to 1e-6."""
    for one, other in zip(left, right, strict=True):
        assert one["tagged"] == other["tagged"]
        for part in ("words", "entities"):
            pairs = zip(one[part], other[part], strict=True)
            assert all(a["probability"] == pytest.approx(b["probability"], abs=1e-6)
                       for a, b in pairs)  # fmt: skip


@pytest.fixture(scope="module")
def learned(bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that has learned all there is, in windows that some sentences fill."""
    folder = tmp_path_factory.mktemp("learned")
    data = write(folder / "marked.jsonl", sentences(160))
    task = {"max_length": 24, "stride": 6}
    run = overfitted(data, bert, folder / "runs", task=task)
    assert scores(run.verdict())["f1"] >= 0.95
    return run


def assert_sound(run: Run) -> None:
    """Saved, loaded, batched and left to transformers it says the same."""
    measured = scores(run.verdict())
    assert run.verdict()["verdict"]["beats_baseline"]
    assert scores(luthier.evaluate(run)) == pytest.approx(measured, abs=1e-9)
    given = [{"tokens": row["tokens"]} for row in sentences(20, seed=5)]
    again = luthier.load(run.model)
    whole = again.predict(given)
    assert_same(whole, [again.predict([one])[0] for one in given])
    assert_same(whole, again.predict(given, batch_size=7))
    assert_same(whole, luthier.load(run).predict([" ".join(one["tokens"]) for one in given]))
    network = transformers.AutoModelForTokenClassification.from_pretrained(run.model).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(run.model)
    rules = Rules.of(list(network.config.id2label.values()), "BIO")
    for one, answer in zip(given[:5], whole, strict=False):
        ids = tokenizer([one["tokens"]], is_split_into_words=True, return_tensors="pt")
        places = [ids.word_ids().index(word) for word in range(len(one["tokens"]))]
        with torch.no_grad():
            logits = network(input_ids=ids["input_ids"]).logits[0, places]
        theirs = tagged(logits.double().softmax(-1).numpy(), rules, entities=True)
        assert theirs.tags == tags_of(answer)
        chances = [word["probability"] for word in answer["words"]]
        assert chances == pytest.approx(theirs.probabilities, abs=1e-5)


def test_encoder_learns_saves_and_reloads_in_transformers_too(learned: Run) -> None:
    assert_sound(learned)


@pytest.mark.parametrize("kind", [kind for kind in FAMILIES if kind != "bert"])
def test_family_learns_saves_and_reloads_in_transformers_too(
    bases: dict[str, Path], marked: Path, tmp_path: Path, kind: str
) -> None:
    run = overfitted(marked, bases[kind], tmp_path / "runs", training__epochs=4)
    assert scores(run.verdict())["f1"] >= 0.2
    assert_sound(run)


def test_probabilities_are_those_of_transformers_where_tags_mark_nothing(
    bert: Path, tmp_path: Path
) -> None:
    data = write(tmp_path / "pos.jsonl", sentences(160), "upos")
    run = overfitted(data, bert, tmp_path / "runs", training__epochs=6)
    measured = scores(run.verdict())
    assert measured["accuracy"] >= 0.95
    assert "f1" not in measured
    assert run.verdict()["verdict"]["headline"] == "accuracy"
    given = [row["tokens"] for row in sentences(12, seed=5)]
    answers = luthier.load(run).predict([{"tokens": words} for words in given])
    pipe = transformers.pipeline("token-classification", model=str(run.model), device="cpu")
    for words, answer in zip(given, answers, strict=True):
        theirs = pipe(" ".join(words))
        assert [piece["entity"] for piece in theirs] == tags_of(answer)
        assert [word["probability"] for word in answer["words"]] == pytest.approx(
            [float(piece["score"]) for piece in theirs], abs=1e-5
        )


def test_another_scheme_is_learned_than_that_of_the_rows(
    bert: Path, marked: Path, tmp_path: Path
) -> None:
    run = overfitted(marked, bert, tmp_path / "runs", task={"scheme": "BIOES"}, training__epochs=6)
    assert scores(run.verdict())["f1"] >= 0.3
    given = [{"tokens": row["tokens"]} for row in sentences(20, seed=9)]
    said = [tags_of(answer) for answer in luthier.load(run).predict(given)]
    assert not any(breaks(tags, "BIOES") for tags in said)
    assert "E-UP" in {tag for tags in said for tag in tags}


def test_a_text_longer_than_the_base_can_read_is_answered_whole(learned: Run) -> None:
    rows = sentences(30, seed=6)
    text = "\n".join(" ".join(row["tokens"]) for row in rows)
    (answer,) = luthier.load(learned).predict([text])
    true = [
        (word, tag)
        for row in rows
        for word, tag in zip(row["tokens"], row["ner_tags"], strict=True)
    ]
    assert [word["token"] for word in answer["words"]] == [word for word, _ in true]
    right = sum(said == tag for said, (_, tag) in zip(tags_of(answer), true, strict=True))
    assert right >= 0.95 * len(true)
    for one in answer["entities"]:
        assert text[one["start"] : one["end"]] == one["text"]


class Stop(Exception):
    """Stands for a crash between two events."""


def crash(event: Event) -> None:
    if isinstance(event, Stepped) and event.step == 7:
        raise Stop


def weights(run: Run) -> dict[str, torch.Tensor]:
    (file,) = run.model.glob("*.safetensors")
    return load_file(file)


@pytest.mark.parametrize("technique", ["full", "lora"])
def test_crash_and_resume(bert: Path, marked: Path, tmp_path: Path, technique: str) -> None:
    values = values_for(marked, bert, techniques=[{"kind": technique}], training__save_every=3)
    values["training"]["dropout"] = 0.1
    whole = luthier.tune(values, runs_dir=tmp_path / "whole")
    with pytest.raises(Stop):
        tune(load_recipe(values), tmp_path / "cut", listener=Listener(on_event=crash))
    (cut,) = list_runs(tmp_path / "cut")
    again = resume_run(cut)
    ours, theirs = weights(again), weights(whole)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert again.verdict()["metrics"] == whole.verdict()["metrics"]


def test_adapters_learn_and_reload(bert: Path, marked: Path, tmp_path: Path) -> None:
    run = overfitted(
        marked, bert, tmp_path / "runs", techniques=[{"kind": "lora", "r": 8}], training__epochs=6
    )
    assert (run.model / "adapter_config.json").is_file()
    measured = scores(run.verdict())
    assert measured["f1"] >= 0.3
    assert scores(luthier.evaluate(run)) == pytest.approx(measured, abs=1e-9)


def test_frozen_parameters_are_bit_identical_afterwards(
    bert: Path, marked: Path, tmp_path: Path
) -> None:
    run = luthier.tune(
        values_for(marked, bert, techniques=[{"kind": "freeze", "all_but_head": True}]),
        runs_dir=tmp_path / "runs",
    )
    before, after = load_file(bert / "model.safetensors"), weights(run)
    kept = [name for name in before if f"bert.{name}" in after]
    assert len(kept) >= 30
    for name in kept:
        assert torch.equal(before[name], after[f"bert.{name}"]), name


def test_texts_are_answered_from_the_command_line(learned: Run, tmp_path: Path) -> None:
    text = "Net  profit improved"
    done = here("predict", learned.path, "--text", text, "--output", "said.jsonl", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (answer,) = map(json.loads, (tmp_path / "said.jsonl").read_text("utf-8").splitlines())
    assert answer["text"] == text
    assert [(w["start"], w["end"]) for w in answer["words"]] == [(0, 3), (5, 11), (12, 20)]
    done = here("predict", learned.path, "--text", text, cwd=tmp_path)
    assert "[UP profit improved]" in done.stdout


def test_texts_and_words_may_be_asked_together(learned: Run) -> None:
    predictor = luthier.load(learned)
    words = {"tokens": ["Mia", "left"]}
    both = predictor.predict(["Mia left", words])
    assert both == [predictor.predict(["Mia left"])[0], predictor.predict([words])[0]]
