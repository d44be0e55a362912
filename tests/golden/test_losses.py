"""Pinned losses: a change of the numbers is a change that someone has to explain."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.helpers import recipe

import luthier

STEPS = 6
GOLDEN: dict[str, tuple[list[dict[str, Any]], list[float]]] = {
    "full": ([], [1.236351, 1.127214, 1.272412, 1.1285, 1.039536, 1.133511]),
    "discriminative": (
        [{"kind": "discriminative", "decay": 0.8}],
        [1.236351, 1.14752, 1.249916, 1.10869, 1.045248, 1.14295],
    ),
    "freeze": (
        [{"kind": "freeze", "lowest": 2}],
        [1.236351, 1.160192, 1.240862, 1.087572, 1.075526, 1.180172],
    ),
    "lora": (
        [{"kind": "lora", "r": 4}],
        [1.236351, 1.178136, 1.205858, 1.127228, 1.072991, 1.142296],
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_losses_are_those_pinned(name: str, bert: Path, news: Path, tmp_path: Path) -> None:
    techniques, expected = GOLDEN[name]
    values = recipe(news, bert, techniques=techniques, training__max_steps=STEPS)
    values["training"]["learning_rate"] = 1e-3
    run = luthier.tune(values, runs_dir=tmp_path)
    losses = [event["loss"] for event in run.events() if event["event"] == "Stepped"]
    assert losses == pytest.approx(expected, rel=2e-4)
