"""What an example weighs in a mixture is what it adds to the weight of its own loss."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
from tests.conftest import table
from tests.techniques.test_on_tasks import ROWS

from luthier.models.bases import Base
from luthier.models.load import load_model
from luthier.models.processors import load_tokenizer
from luthier.recipe.registries import TASKS

TEXTS, LABELS = zip(*table(12), strict=True)
CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "one class": ({"kind": "classify"}, {"text": TEXTS, "label": LABELS}),
    "weighed classes": (
        {"kind": "classify", "class_weights": {"negative": 3.0}}, {"text": TEXTS, "label": LABELS},
    ),
    "many classes": (
        {"kind": "classify", "target": "classes"},
        {"text": TEXTS, "label": [[label, "any"] for label in LABELS]},
    ),
    "tag": ({"kind": "tag"}, ROWS["tag"]),
    "parse": ({"kind": "parse"}, ROWS["parse"]),
    "extract": ({"kind": "extract", "no_answer": False}, {
        **ROWS["extract"], "answers": [*ROWS["extract"]["answers"][:10], [], []],
    }),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_weights_of_examples_add_up_to_that_of_the_loss(bert: Path, name: str) -> None:
    values, columns = CASES[name]
    config: Any = TASKS.parse(values)
    rows = pl.DataFrame(columns)
    base = Base("bert", bert, "folder")
    task = config.build(config.learn(rows), load_tokenizer(base))
    model = load_model(base, task.head(), load_tokenizer(base))
    examples = task.encode(rows)
    batch = task.collate(examples)
    with torch.no_grad():
        inputs = {key: value for key, value in batch.items() if key[0] != "_" and key != "labels"}
        _, weight = task.loss(model.network(**inputs), batch)
    assert sum(task.weight(example) for example in examples) == pytest.approx(weight)
