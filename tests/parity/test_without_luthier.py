"""A run's model in processes that cannot import luthier: transformers, and peft, alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import table
from tests.helpers import recipe

import luthier

BLOCK = """\
import json, sys
sys.modules["luthier"] = None
texts = json.loads(sys.argv[2])
"""
PIPELINE = """\
import transformers
pipe = transformers.pipeline("text-classification", model=sys.argv[1], top_k=None)
answers = [{e["label"]: e["score"] for e in row} for row in pipe(texts, truncation=True)]
print(json.dumps(answers))
"""
PEFT = """\
import peft, torch, transformers
model = peft.AutoPeftModelForSequenceClassification.from_pretrained(sys.argv[1], num_labels=3)
model.eval()
tokenizer = transformers.AutoTokenizer.from_pretrained(sys.argv[1])
names = transformers.AutoConfig.from_pretrained(sys.argv[1]).id2label
answers = []
for text in texts:
    with torch.no_grad():
        row = model(**tokenizer(text, return_tensors="pt", truncation=True)).logits.softmax(-1)[0]
    answers.append({names[i]: p for i, p in enumerate(row.tolist())})
print(json.dumps(answers))
"""


def answers_of(script: str, model: Path, texts: list[str]) -> list[dict[str, float]]:
    done = subprocess.run(
        [sys.executable, "-c", BLOCK + script, str(model), json.dumps(texts)],
        capture_output=True, text=True, check=False, cwd="/",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def assert_agree(run: Any, script: str, texts: list[str]) -> None:
    ours = luthier.load(run).predict(texts)
    for mine, theirs in zip(ours, answers_of(script, run.model, texts), strict=True):
        assert mine["label"] == max(theirs, key=theirs.__getitem__)
        assert mine["probabilities"] == pytest.approx(theirs, abs=1e-5)


@pytest.mark.parametrize(
    ("techniques", "script"),
    [([], PIPELINE), ([{"kind": "lora", "r": 4}], PEFT),
     ([{"kind": "lora", "r": 4, "merge": True}], PIPELINE)],
    ids=["full", "adapters through peft", "merged adapters"],
)  # fmt: skip
def test_answers_agree(
    bert: Path, news: Path, tmp_path: Path, techniques: list[dict[str, Any]], script: str
) -> None:
    run = luthier.tune(recipe(news, bert, techniques=techniques), runs_dir=tmp_path)
    texts = [text for text, _ in table(30, seed=4)]
    assert_agree(run, script, [*texts, " ".join(texts), "entirely unseen words"])


@pytest.mark.slow
def test_demo_agrees_on_every_test_row(tmp_path: Path) -> None:
    import polars as pl

    run = luthier.tune("finance-sentiment", runs_dir=tmp_path)
    assert run.verdict()["verdict"]["passed"]
    (file,) = run.path.glob("stages/*/data/test.parquet")
    assert_agree(run, PIPELINE, pl.read_parquet(file)["text"].to_list())
