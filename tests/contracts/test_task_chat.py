"""The task chat: learned, reloaded, talked with in the terminal; in transformers the same."""

from __future__ import annotations

import contextlib
import io
import json
import random
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.helpers import here, recipe
from tests.tiny import write_base

import luthier
from luthier.core.errors import RunError
from luthier.evaluation.conversation import Conversation
from luthier.runs import Run

LETTERS, FILLER = list("abcdefgh"), list("uvwxyz")
SIGNS = ["<|", "im_start", "|>", "user", "assistant", "system"]
VALUES: dict[str, Any] = {
    "task": {"kind": "chat", "metrics": ["chrf"], "max_new_tokens": 6},
    "training__epochs": 6, "training__batch_size": 8, "training__learning_rate": 1e-2,
}  # fmt: skip


def talks(count: int) -> list[dict[str, Any]]:
    """Conversations of one or two turns; each answer is the last letter's capital."""
    choose = random.Random(0)
    found: dict[str, dict[str, Any]] = {}
    while len(found) < count:
        turns = []
        for _ in range(choose.randint(1, 2)):
            letter = choose.choice(LETTERS)
            asked = " ".join([*choose.choices(FILLER, k=choose.randint(0, 3)), letter])
            turns += [{"role": "user", "content": asked},
                      {"role": "assistant", "content": letter.upper()}]  # fmt: skip
        found[json.dumps(turns)] = {"messages": turns}
    return list(found.values())


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("chat")
    words = [*LETTERS, *FILLER, *(letter.upper() for letter in LETTERS), *SIGNS]
    base = write_base("gpt2", folder / "gpt2", words)
    data = folder / "talks.jsonl"
    data.write_text("".join(json.dumps(one) + "\n" for one in talks(160)), encoding="utf-8")
    return luthier.tune(recipe(data, base, **VALUES), runs_dir=folder / "runs")


def test_it_is_learned_and_ends(run: Run) -> None:
    metrics = {name: m["value"] for name, m in run.verdict()["metrics"].items()}
    losses = [event["loss"] for event in run.events() if event["event"] == "Stepped"]
    assert sum(losses[-5:]) < 0.6 * sum(losses[:5])
    assert metrics["ended"] == 1.0, metrics
    audit = json.loads(next(run.path.glob("stages/*/audit.json")).read_text(encoding="utf-8"))
    assert audit["tasks"][""]["stop_trained"] == audit["tasks"][""]["served_alike"] == 1.0
    again = luthier.evaluate(run, batch_size=3)["metrics"]
    assert {n: m["value"] for n, m in again.items()} == pytest.approx(metrics, abs=1e-4)


def test_the_lines_of_the_card_answer_the_same(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    card = (run.path / "README.md").read_text(encoding="utf-8")
    (lines,) = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    monkeypatch.chdir(run.path)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(lines.replace("...", "u v c", 1), {})
    (answer,) = luthier.load(run).predict(["u v c"])
    assert said.getvalue().strip() == answer["answer"]
    history = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "A"},
               {"role": "user", "content": "u v c"}]  # fmt: skip
    assert luthier.load(run).predict([{"messages": history}])[0]["ended"]


def test_one_talks_with_it(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("u v c\n\n/reset\na\n/exit\nb\n"))
    done = here("chat", run.path, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    first, second = (answer["answer"] for answer in luthier.load(run).predict(["u v c", "a"]))
    assert done.stdout.split("\n")[:2] == [first, second]
    monkeypatch.setattr(sys, "stdin", io.StringIO("a\nb\n"))
    options = ("--system", "x", "--temperature", "0.5", "--max-new-tokens", "3", "--json")
    done = here("chat", run.path, *options, cwd=tmp_path)
    turns = json.loads(done.stdout)["messages"]
    assert [one["role"] for one in turns] == ["system", *["user", "assistant"] * 2]


def test_only_models_that_chat_are_talked_with(run: Run) -> None:
    predictor = luthier.load(run)
    predictor.task = None  # type: ignore[assignment]
    with pytest.raises(RunError, match="does not chat"):
        Conversation(predictor)
