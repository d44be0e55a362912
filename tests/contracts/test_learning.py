"""Every family and every kind of answer: overfit, save, reload, predict, in transformers too."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import transformers
from tests.conftest import FAMILIES, table, write_csv
from tests.helpers import recipe

import luthier
from luthier.models.processors import load_tokenizer

TECHNIQUES: dict[str, list[dict[str, Any]]] = {
    "full": [{"kind": "full"}],
    "freeze": [{"kind": "freeze", "embeddings": True}],
    "discriminative": [{"kind": "discriminative", "decay": 0.9}],
    "lora": [{"kind": "lora", "r": 8}],
    "lora merged, discriminative": [
        {"kind": "lora", "r": 8, "merge": True},
        {"kind": "discriminative", "decay": 0.9},
    ],
}


def learn(values: dict[str, Any], tmp_path: Path) -> Any:
    values["training"] |= {"epochs": 15}
    return luthier.tune(values, runs_dir=tmp_path / "runs")


def pipeline_answers(run: Any, texts: list[str]) -> list[dict[str, Any]]:
    """What transformers alone says, one text at a time."""
    pipe = transformers.pipeline("text-classification", model=str(run.model), device="cpu")
    return [pipe(text)[0] for text in texts]


@pytest.mark.parametrize("kind", FAMILIES)
def test_family_learns_and_loads_in_transformers(
    bases: dict[str, Path], news: Path, tmp_path: Path, kind: str
) -> None:
    run = learn(recipe(news, bases[kind]), tmp_path)
    assert run.verdict()["metrics"]["accuracy"]["value"] >= 0.9
    texts = [text for text, _ in table(20, seed=7)]
    ours = luthier.load(run).predict(texts)
    for answer, theirs in zip(ours, pipeline_answers(run, texts), strict=True):
        assert answer["label"] == theirs["label"]
        assert answer["probability"] == pytest.approx(theirs["score"], abs=1e-5)


@pytest.mark.parametrize("name", TECHNIQUES)
def test_technique_learns_and_reloads(bert: Path, news: Path, tmp_path: Path, name: str) -> None:
    values = recipe(news, bert, techniques=TECHNIQUES[name])
    lora = "lora" in name
    values["training"]["learning_rate"] = 1e-2 if lora else 5e-3
    run = learn(values, tmp_path)
    metrics = run.verdict()["metrics"]
    # Adapters move a random base less far; answering without a model gives a third.
    assert metrics["accuracy"]["value"] >= (0.55 if lora else 0.7)
    assert run.verdict()["verdict"]["beats_baseline"]
    again = luthier.evaluate(run)["metrics"]
    assert {k: v["value"] for k, v in again.items()} == pytest.approx(
        {k: v["value"] for k, v in metrics.items()}, abs=1e-9
    )


def test_adapters_load_through_peft_and_agree(bert: Path, news: Path, tmp_path: Path) -> None:
    import peft
    import torch

    run = learn(recipe(news, bert, techniques=[{"kind": "lora", "r": 4}]), tmp_path)
    texts = [text for text, _ in table(20, seed=7)]
    ours = luthier.load(run).predict(texts)
    loaded = peft.AutoPeftModelForSequenceClassification.from_pretrained(run.model, num_labels=3)
    loaded.eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(run.model)
    for text, answer in zip(texts, ours, strict=True):
        with torch.no_grad():
            probabilities = loaded(**tokenizer(text, return_tensors="pt")).logits.softmax(-1)[0]
        assert list(answer["probabilities"].values()) == pytest.approx(
            probabilities.tolist(), abs=1e-5
        )


TOPICS = ["loss company profit oil net shares board", "company shares oil board net"]


def several(count: int) -> list[tuple[str, str]]:
    """Texts whose labels are the marker words in them: none, one or both."""
    choose = random.Random(1)
    rows = {}
    while len(rows) < count:
        labels = [label for label in ("profit", "loss") if choose.random() < 0.5]
        words = choose.choices(["company", "shares", "net", "sales", "oil", "board"], k=5) + labels
        choose.shuffle(words)
        rows.setdefault(" ".join(words), "; ".join(labels))
    return list(rows.items())


def test_several_labels_are_learned(bert: Path, tmp_path: Path) -> None:
    rows = [(text, labels or "[]") for text, labels in several(240)]
    data = write_csv(tmp_path / "topics.csv", rows, ("text", "label"))
    task = {"kind": "classify", "target": "classes"}
    run = learn(recipe(data, bert, task=task, training__epochs=8), tmp_path)
    assert run.verdict()["metrics"]["f1_micro"]["value"] >= 0.95
    both, none = luthier.load(run).predict(TOPICS)
    assert both["labels"] == ["loss", "profit"]
    assert none["labels"] == []
    pipe = transformers.pipeline("text-classification", model=str(run.model), top_k=None)
    theirs = {entry["label"]: entry["score"] for entry in pipe(TOPICS[:1])[0]}
    assert both["probabilities"] == pytest.approx(theirs, abs=1e-5)


def test_scores_are_learned(bert: Path, tmp_path: Path) -> None:
    choose = random.Random(2)
    rows = {}
    while len(rows) < 240:
        words = choose.choices(["profit", "loss", "company", "oil"], k=6)
        rows[" ".join(words)] = str(words.count("profit") - words.count("loss"))
    data = write_csv(tmp_path / "scores.csv", list(rows.items()), ("text", "score"))
    values = recipe(data, bert, task={"kind": "classify", "target": "score"})
    values["evaluation"]["target"] = {"rmse": 1.0, "pearson": 0.9}
    run = learn(values, tmp_path)
    verdict = run.verdict()
    assert verdict["verdict"]["passed"], verdict["metrics"]
    (high, low) = luthier.load(run).predict(["profit profit oil profit", "loss loss oil loss"])
    assert high["score"] > low["score"] + 2


@pytest.mark.parametrize("kind", FAMILIES)
def test_predictions_do_not_depend_on_the_batch(
    bases: dict[str, Path], news: Path, tmp_path: Path, kind: str
) -> None:
    run = luthier.tune(recipe(news, bases[kind], training__epochs=1), runs_dir=tmp_path / "runs")
    predictor = luthier.load(run)
    texts = [text for text, _ in table(64, seed=3)]
    results = [predictor.predict(texts, batch_size=size) for size in (1, 7, 64)]
    for other in results[1:]:
        for first, second in zip(results[0], other, strict=True):
            assert first["label"] == second["label"]
            assert first["probabilities"] == pytest.approx(second["probabilities"], abs=1e-6)
    measured = [luthier.evaluate(run, batch_size=size)["metrics"] for size in (1, 7, 64)]
    assert measured[0]["accuracy"] == measured[1]["accuracy"] == measured[2]["accuracy"]


@pytest.mark.parametrize(
    "technique",
    [
        {"kind": "freeze", "lowest": 2},
        {"kind": "freeze", "all_but_head": True},
        {"kind": "lora", "r": 2},
    ],
)
def test_frozen_parameters_are_bit_identical_afterwards(
    bert: Path, news: Path, tmp_path: Path, technique: dict[str, Any]
) -> None:
    run = luthier.tune(
        recipe(news, bert, techniques=[technique], training__epochs=2), runs_dir=tmp_path / "runs"
    )
    model = luthier.load(run).model
    from safetensors.torch import load_file

    before = load_file(bert / "model.safetensors")
    after = {
        name.removeprefix("bert.").replace(".base_layer", ""): tensor
        for name, tensor in model.core.state_dict().items()
    }
    frozen = [
        name
        for name in before
        if technique["kind"] == "lora"
        or technique.get("all_but_head")
        or "embeddings" in name
        or ".layer.0." in name
    ]
    assert len(frozen) >= 10
    for name in frozen:
        assert np.array_equal(before[name].numpy(), after[name].numpy()), name


def test_decoder_without_padding_token_gets_one(bases: dict[str, Path]) -> None:
    from luthier.models.bases import Base

    tokenizer = load_tokenizer(Base("gpt2", bases["gpt2"], "folder"))
    assert tokenizer.pad_token_id is not None
