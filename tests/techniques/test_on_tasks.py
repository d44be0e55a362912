"""What companions and surgery ask of a task: every kind of it answers, or is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
from tests.conftest import GOOD, table

from luthier.core.errors import RecipeError
from luthier.models.bases import Base
from luthier.models.load import load_model
from luthier.models.model import Model
from luthier.models.processors import load_tokenizer
from luthier.pipeline.work import work_on
from luthier.recipe.registries import TASKS, TECHNIQUES
from luthier.recipe.schema import Training
from luthier.techniques.technique import Technique, Work
from luthier.train.step import accumulate

TEXTS, LABELS = zip(*table(12), strict=True)
WORDS = [text.split() for text in TEXTS]
ROWS: dict[str, dict[str, Any]] = {
    "tag": {
        "tokens": WORDS,
        "tags": [["B-UP" if word in GOOD else "O" for word in words] for words in WORDS],
    },
    "parse": {
        "tokens": WORDS,
        "heads": [[0] + [1] * (len(words) - 1) for words in WORDS],
        "deprels": [["root"] + ["dep"] * (len(words) - 1) for words in WORDS],
    },
    "extract": {
        "question": ["company shares"] * 12,
        "context": TEXTS,
        "answers": [[{"text": words[0], "start": 0}] for words in WORDS],
    },
    "contrast": {"text": TEXTS, "label": LABELS},
    "generate": {"source": TEXTS, "target": TEXTS},
    "language_model": {"text": TEXTS, "_source": ["x"] * 12, "_row": range(12)},
}
SETTINGS: dict[str, dict[str, Any]] = {"generate": {"use": "translate"}}
FAMILY = {"generate": ("t5", "gpt2"), "language_model": ("gpt2",)}
TECHNIQUES_HERE: list[dict[str, Any]] = [
    {"kind": "drop_layers", "count": 1, "by": "loss"},
    {"kind": "distil", "hidden": 1.0},
    {"kind": "ewc", "rows": 4},
    {"kind": "r_drop"},
    {"kind": "fgm"},
]
COMPARED = {"distil", "r_drop"}


def stepped(technique: Technique, model: Model, work: Work, task: Any, batch: Any) -> float:
    """The loss of a step with a technique."""
    technique.apply(model, work)
    companion = technique.companion(model, work)
    model.network.train()
    return accumulate(
        model.network, task, [batch], place=torch.device("cpu"), precision="fp32", seeds=(0, 0),
        companions=[companion] if companion else [],
    )[0]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "family"), [(kind, one) for kind in ROWS for one in FAMILY.get(kind, ("bert",))]
)
def test_step_of_every_task(bases: dict[str, Path], kind: str, family: str) -> None:
    base = Base(family, bases[family], "folder")
    config: Any = TASKS.parse({"kind": kind, **SETTINGS.get(kind, {})})
    rows = pl.DataFrame(ROWS[kind])
    task = config.build(config.learn(rows), load_tokenizer(base))
    examples = task.encode(rows)

    def load(_: str | None = None) -> Model:
        model = load_model(base, task.head(), task.tokenizer)
        model.new = frozenset()
        task.adjust(model.core)
        return model

    for settings in TECHNIQUES_HERE:
        technique: Any = TECHNIQUES.parse(settings)
        model, work = load(), work_on(task, examples, 8, load, Training())
        batch = task.collate_to_train(examples[:6], (0, 0, 0))
        if kind == "contrast" and technique.kind in COMPARED:
            with pytest.raises(RecipeError, match="nothing that two networks"):
                stepped(technique, model, work, task, batch)
        else:
            assert stepped(technique, model, work, task, batch) > 0
