"""The task parse end to end: overfit, save, reload, predict; resume; adapters; freezing."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file
from tests.helpers import here, recipe

import luthier
from luthier.core.errors import DataError, ModelError
from luthier.data.formats.trees import Conllu, is_tree
from luthier.data.sources import read_source
from luthier.pipeline import Listener, resume_run, tune
from luthier.recipe.load import load_recipe
from luthier.runs import Run, list_runs
from luthier.train.events import Event, Stepped

NOUNS = ("company", "shares", "board", "oil", "euro", "sales", "quarter")
VERBS = ("held", "met", "named", "listed", "moved")
SAMPLES = (["the", "board", "named", "its", "company"], ["sales", "moved", "in", "the", "quarter"])


class Writer:
    """Sentences with their trees: subject, verb, object, and phrases on both."""

    def __init__(self, choose: random.Random) -> None:
        self.choose = choose
        self.words: list[tuple[str, int, str]] = []

    def add(self, word: str, head: int, deprel: str) -> int:
        """Put a word at the end; its number."""
        self.words.append((word, head, deprel))
        return len(self.words)

    def phrase(self, head: int, deprel: str, case: str = "") -> int:
        """A noun with what stands before it; ``head`` 0 is filled in later."""
        before = [(case, "case")] if case else []
        if self.choose.random() < 0.6:
            before.append((self.choose.choice(("the", "its")), "det"))
        if self.choose.random() < 0.4:
            before.append((self.choose.choice(("net", "strong", "weak")), "amod"))
        noun = len(self.words) + len(before) + 1
        for word, relation in before:
            self.add(word, noun, relation)
        return self.add(self.choose.choice(NOUNS), head, deprel)

    def sentence(self) -> dict[str, Any]:
        """A whole one."""
        self.words = []
        subject = self.phrase(0, "nsubj")
        if self.choose.random() < 0.4:
            self.phrase(subject, "nmod", "of")
        verb = self.add(self.choose.choice(VERBS), 0, "root")
        word, _, deprel = self.words[subject - 1]
        self.words[subject - 1] = (word, verb, deprel)
        if self.choose.random() < 0.7:
            self.phrase(verb, "obj")
        if self.choose.random() < 0.4:
            self.phrase(verb, "obl", "in")
        tokens, heads, deprels = (list(column) for column in zip(*self.words, strict=True))
        return {"tokens": tokens, "heads": heads, "deprels": deprels}


def trees(count: int, seed: int = 0) -> list[dict[str, Any]]:
    """Different sentences."""
    writer = Writer(random.Random(seed))
    found: dict[str, dict[str, Any]] = {}
    while len(found) < count:
        sentence = writer.sentence()
        found.setdefault(" ".join(sentence["tokens"]), sentence)
    return list(found.values())


def conllu(rows: list[dict[str, Any]]) -> str:
    written = (Conllu().write_row({**row, "tags": ["X"] * len(row["tokens"])}) for row in rows)
    return "".join(Conllu().as_text(row) for row in written if row)


@pytest.fixture
def treebank(tmp_path: Path) -> Path:
    path = tmp_path / "trees.conllu"
    path.write_text(conllu(trees(130)), encoding="utf-8")
    return path


def values_for(treebank: Path, base: Path, **changes: Any) -> dict[str, Any]:
    task = {"kind": "parse", "arc_units": 32, "label_units": 16, "dropout": 0}
    settings = {"task": task, "training__epochs": 2, "training__batch_size": 8} | changes
    return recipe(treebank, base, **settings)


def overfitted(treebank: Path, base: Path, runs: Path, **changes: Any) -> Run:
    settings = {"training__epochs": 18, "training__learning_rate": 1e-2} | changes
    return luthier.tune(values_for(treebank, base, **settings), runs_dir=runs)


def scores(verdict: dict[str, Any]) -> dict[str, float]:
    return {name: entry["value"] for name, entry in verdict["metrics"].items()}


def heads_of(answer: dict[str, Any]) -> list[int]:
    return [word["head"] for word in answer["words"]]


def assert_same(left: list[dict[str, Any]], right: list[dict[str, Any]]) -> None:
    """The same trees, with the same probabilities but for the rounding of fp32."""
    assert [one["conllu"] for one in left] == [other["conllu"] for other in right]
    for one, other in zip(left, right, strict=True):
        pairs = zip(one["words"], other["words"], strict=True)
        assert all(a["probability"] == pytest.approx(b["probability"], abs=2e-5) for a, b in pairs)


@pytest.mark.parametrize("kind", ["bert", "gpt2", "llama"])
def test_family_learns_saves_and_reloads(
    bases: dict[str, Path], treebank: Path, tmp_path: Path, kind: str
) -> None:
    epochs = {"bert": 18, "gpt2": 8, "llama": 8}[kind]
    run = overfitted(treebank, bases[kind], tmp_path / "runs", training__epochs=epochs)
    measured = scores(run.verdict())
    assert measured["las"] >= 0.8
    assert measured["uas"] >= measured["las"]
    assert run.verdict()["verdict"]["beats_baseline"]
    assert scores(luthier.evaluate(run)) == pytest.approx(measured, abs=1e-9)
    given = [{"tokens": row["tokens"]} for row in trees(40, seed=5)]
    whole = luthier.load(run).predict(given)
    again = luthier.load(run.model)
    assert again.predict(given) == whole
    assert_same(whole, [again.predict([one])[0] for one in given[:12]] + whole[12:])
    assert_same(whole, again.predict(given, batch_size=7))
    for answer in whole:
        heads = heads_of(answer)
        assert is_tree(heads)
        assert heads.count(0) == 1


def test_answers_are_written_as_trees_that_are_read_again(
    bert: Path, treebank: Path, tmp_path: Path
) -> None:
    run = luthier.tune(values_for(treebank, bert), runs_dir=tmp_path / "runs")
    asked = tmp_path / "asked.conllu"
    asked.write_text(conllu(trees(9, seed=8)), encoding="utf-8")
    done = here("predict", run.path, "--input", asked, "--output", "said.conllu", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    said = read_source("said.conllu", base_dir=tmp_path).rows
    given = [{"tokens": row["tokens"]} for row in trees(9, seed=8)]
    answers = luthier.load(run).predict(given)
    assert said["tokens"].to_list() == [row["tokens"] for row in given]
    assert said["heads"].to_list() == [heads_of(answer) for answer in answers]
    assert said["deprels"].to_list() == [
        [word["deprel"] for word in answer["words"]] for answer in answers
    ]
    done = here("predict", run.path, "--text", "The board met.", "--output", "said.jsonl",
                cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer = json.loads((tmp_path / "said.jsonl").read_text(encoding="utf-8"))
    assert [word["token"] for word in answer["words"]] == ["The", "board", "met", "."]
    assert heads_of(answer).count(0) == 1


def test_what_cannot_be_parsed_is_refused(
    bases: dict[str, Path], treebank: Path, tmp_path: Path
) -> None:
    run = luthier.tune(
        values_for(treebank, bases["bert"], training__epochs=1), runs_dir=tmp_path / "runs"
    )
    with pytest.raises(DataError, match="too long to parse"):
        luthier.load(run).predict([{"tokens": ["oil"] * 80}])
    with pytest.raises(ModelError, match="cannot carry this task"):
        luthier.tune(values_for(treebank, bases["t5"]), runs_dir=tmp_path / "runs")


class Stop(Exception):
    """Stands for a crash between two events."""


def crash(event: Event) -> None:
    if isinstance(event, Stepped) and event.step == 7:
        raise Stop


@pytest.mark.parametrize("technique", ["full", "lora"])
def test_crash_and_resume(bert: Path, treebank: Path, tmp_path: Path, technique: str) -> None:
    values = values_for(treebank, bert, techniques=[{"kind": technique}], training__save_every=3)
    values["training"]["dropout"] = values["task"]["dropout"] = 0.2
    whole = luthier.tune(values, runs_dir=tmp_path / "whole")
    with pytest.raises(Stop):
        tune(load_recipe(values), tmp_path / "cut", listener=Listener(on_event=crash))
    (cut,) = list_runs(tmp_path / "cut")
    again = resume_run(cut)
    ours, theirs = weights(again), weights(whole)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert again.verdict()["metrics"] == whole.verdict()["metrics"]


def weights(run: Run) -> dict[str, torch.Tensor]:
    (file,) = run.model.glob("*.safetensors")
    return load_file(file)


@pytest.mark.parametrize(
    "technique", [{"kind": "freeze", "all_but_head": True}, {"kind": "lora", "r": 8}]
)
def test_what_is_frozen_stays_and_the_rest_learns(
    bert: Path, treebank: Path, tmp_path: Path, technique: dict[str, Any]
) -> None:
    run = overfitted(treebank, bert, tmp_path / "runs", techniques=[technique], training__epochs=6)
    assert run.verdict()["verdict"]["beats_baseline"]
    assert scores(luthier.evaluate(run)) == pytest.approx(scores(run.verdict()), abs=1e-9)
    before = load_file(bert / "model.safetensors")
    core = luthier.load(run).model.core
    after = {
        name.removeprefix("bert.").replace(".base_layer", ""): tensor
        for name, tensor in core.state_dict().items()
    }
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_the_tuned_base_loads_in_transformers(bert: Path, treebank: Path, tmp_path: Path) -> None:
    run = luthier.tune(values_for(treebank, bert), runs_dir=tmp_path / "runs")
    encoder = transformers.AutoModel.from_pretrained(run.model).eval()
    model = luthier.load(run).model
    ids = {"input_ids": torch.tensor([[2, 5, 9, 7, 3]]), "attention_mask": torch.ones(1, 5).long()}
    with torch.inference_mode():
        ours = model.core.eval().base_model(**ids).last_hidden_state
        theirs = encoder(**ids).last_hidden_state
    assert torch.equal(ours, theirs)
