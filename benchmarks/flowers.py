"""Transfer to photos of flowers, from a network that this project pre-trains, against none.

The small ResNet is trained from scratch on 15,000 images of CIFAR-10 (Krizhevsky 2009). Then it
is tuned to five flowers in two stages: the frozen body under a new head, then everything, the
deeper the faster. ``scratch`` is the same network with random weights, trained on the same rows
for as many seconds or more. ``all``: four fifths of 4,317 photos; ``few``: 20 of each class. The
split and training take the same seed; no checkpoint is chosen: the last weights count.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.common import data_folder, keep, summary, tune
from luthier.core.files import read_json, write_json

SEEDS = (0, 1, 2)

ROWS: dict[str, dict[str, Any]] = {
    "few": {"few_shot": 20, "frozen": 30, "whole": 20, "scratch": 40},
    "all": {"few_shot": None, "frozen": 1, "whole": 2, "scratch": 3},
}
"""Rows of each class in train, and epochs of the stages and of training from scratch."""

RATE = {"learning_rate": 3e-3, "batch_size": 64, "weight_decay": 0.05}
AUGMENT = "standard"


def pretraining() -> dict[str, Any]:
    folder = data_folder("cifar10_images")
    return {
        "name": "cifar10",
        "base": "new:resnet-small",
        "task": {"kind": "image", "augment": AUGMENT},
        "data": {
            "train": str(folder / "train.parquet"), "test": str(folder / "test.parquet"),
            "split": {"validation": 0.0},
        },
        "training": {**RATE, "learning_rate": 2e-3, "epochs": 60},
    }  # fmt: skip


def stage(rows: str, seed: int, **changes: Any) -> dict[str, Any]:
    split = {"validation": 0.0, "test": 0.2, "seed": seed, "few_shot": ROWS[rows]["few_shot"]}
    return {
        "task": {"kind": "image", "augment": AUGMENT},
        "data": {"train": str(data_folder("flowers5")), "split": split},
        **changes,
    }


def transfer(rows: str, seed: int) -> dict[str, Any]:
    epochs = ROWS[rows]
    frozen = stage(
        rows, seed, name="frozen", base="run:cifar10",
        techniques=[{"kind": "freeze", "all_but_head": True}],
        training={**RATE, "learning_rate": 1e-2, "epochs": epochs["frozen"], "seed": seed},
    )  # fmt: skip
    whole = stage(
        rows, seed, name="whole", techniques=[{"kind": "discriminative", "decay": 0.85}],
        training={**RATE, "epochs": epochs["whole"], "seed": seed},
    )  # fmt: skip
    return {"name": f"flowers-{rows}", "stages": [frozen, whole]}


def scratch(rows: str, seed: int) -> dict[str, Any]:
    training = {**RATE, "epochs": ROWS[rows]["scratch"], "seed": seed}
    own = stage(rows, seed, base="new:resnet-small", training=training)
    return {"name": f"flowers-{rows}-scratch", **own}


def measured(rows: str, runs_dir: Path) -> dict[str, Any]:
    """Transfer and training from scratch on the same rows, for every seed."""
    found: dict[str, Any] = {}
    for name, recipe in (("transfer", transfer), ("scratch", scratch)):
        runs = [tune(recipe(rows, seed), runs_dir) for seed in SEEDS]
        metrics = ("accuracy", "precision_macro", "recall_macro", "f1_macro")
        figures = {metric: summary(runs, metric) for metric in metrics}
        found[name] = {**figures, "trained": [run["trained"] for run in runs], "runs": runs}
        print(rows, name, figures, found[name]["trained"], flush=True)
    return found


def main() -> None:
    """Pass a folder to keep runs in; what was pre-trained there is taken again."""
    result: dict[str, Any] = {"seeds": SEEDS, "epochs": ROWS}
    with tempfile.TemporaryDirectory() as folder:
        runs_dir = Path(sys.argv[1] if sys.argv[1:] else folder)
        figures = runs_dir / "pretraining.json"
        if not figures.is_file():
            write_json(figures, tune(pretraining(), runs_dir))
        result["pretraining"] = read_json(figures)
        print("pretraining", result["pretraining"], flush=True)
        result |= {rows: measured(rows, runs_dir) for rows in ROWS}
    # The recipes without the place of the data.
    result["recipes"] = {"pretraining": pretraining(), "transfer": transfer("all", 0)}
    keep("flowers", json.loads(json.dumps(result).replace(str(data_folder("")) + "/", "")))


if __name__ == "__main__":
    main()
