"""Our runs with adapters equal plain loops of peft and PyTorch, step for step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import peft
import polars as pl
import pytest
import torch
import transformers
from tests.helpers import LABELS, recipe

import luthier

BATCH, EPOCHS, RATE, WARMUP = 16, 1, 5e-3, 0.1


def plain_losses(
    base: Path, rows: pl.DataFrame, config: peft.PeftConfig, *, after_step: Any = None
) -> tuple[list[float], peft.PeftModel]:
    """Losses of a loop without luthier over rows in the order of its seed, and the model."""
    torch.manual_seed(0)
    network = transformers.AutoModelForSequenceClassification.from_pretrained(
        base, num_labels=len(LABELS), hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0
    )
    model = peft.get_peft_model(network, config)
    tokenizer = transformers.AutoTokenizer.from_pretrained(base)
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(
        [{"params": [p for p in trained if p.ndim > 1], "weight_decay": 0.01},
         {"params": [p for p in trained if p.ndim == 1], "weight_decay": 0.0}], lr=RATE,
    )  # fmt: skip
    steps = -(-len(rows) // BATCH) * EPOCHS
    warm = round(WARMUP * steps)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: (step + 1) / (warm + 1) if step < warm else (steps - step) / (steps - warm),
    )
    losses = []
    for epoch in range(EPOCHS):
        order = np.random.default_rng((0, epoch)).permutation(len(rows))
        for start in range(0, len(rows), BATCH):
            part = rows[order[start : start + BATCH]]
            batch = tokenizer(part["text"].to_list(), padding=True, return_tensors="pt")
            labels = torch.tensor([LABELS.index(label) for label in part["label"]])
            loss = model(**batch, labels=labels).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()
            schedule.step()
            if after_step:
                after_step(model, len(losses) + 1)
            optimizer.zero_grad()
            losses.append(loss.item())
    return losses, model


def our_run(news: Path, bert: Path, tmp_path: Path, technique: dict[str, Any]) -> Any:
    values = recipe(news, bert, techniques=[technique], training__epochs=EPOCHS)
    values["data"]["split"] = {"validation": 0.0, "test": 0.2}
    values["training"] |= {"group_by_length": False, "learning_rate": RATE}
    return luthier.tune(values, runs_dir=tmp_path)


def losses_of(run: Any) -> list[float]:
    return [event["loss"] for event in run.events() if event["event"] == "Stepped"]


def train_rows(run: Any) -> pl.DataFrame:
    (file,) = run.path.glob("stages/*/data/train.parquet")
    return pl.read_parquet(file)


@pytest.mark.parametrize("variant", ["plain", "dora"])
def test_lora_is_that_of_a_plain_loop(bert: Path, news: Path, tmp_path: Path, variant: str) -> None:
    run = our_run(news, bert, tmp_path, {"kind": "lora", "r": 4, "variant": variant})
    config = peft.LoraConfig(
        task_type="SEQ_CLS", r=4, lora_alpha=32, target_modules="all-linear",
        use_dora=variant == "dora",
    )  # fmt: skip
    losses, model = plain_losses(bert, train_rows(run), config)
    assert losses_of(run) == pytest.approx(losses, abs=1e-6)
    ours = luthier.load(run).model.core.state_dict()
    theirs = model.get_base_model().state_dict()
    assert ours.keys() == theirs.keys()
    for name in ours:
        torch.testing.assert_close(ours[name].cpu(), theirs[name], rtol=1e-4, atol=1e-5)
