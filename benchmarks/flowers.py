"""Transfer to photos of flowers, from a network that this project pre-trains, against none.

The small ResNet is trained from scratch on 15,000 images of CIFAR-10 (Krizhevsky 2009). Then it
is tuned to five flowers: ``whole`` at once, or ``in stages``, the frozen body under a new head for
two fifths of the passes, then everything, the deeper the faster. ``scratch`` is the same network
with random weights. All see the same rows in as many passes, which take ``whole`` and ``scratch``
the same time. Rows are four fifths of 4,317 photos, or 20 of each class, for a short and a long
training. The split and training take the same seed; no checkpoint is chosen: the last weights
count.
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

BUDGETS: dict[str, tuple[int | None, int]] = {
    "few, 5 passes": (20, 5),
    "few, 40 passes": (20, 40),
    "all, 3 passes": (None, 3),
}
"""Rows of each class in train (None: all), and passes over them."""

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


def stage(few: int | None, seed: int, **changes: Any) -> dict[str, Any]:
    split = {"validation": 0.0, "test": 0.2, "seed": seed, "few_shot": few}
    return {
        "task": {"kind": "image", "augment": AUGMENT},
        "data": {"train": str(data_folder("flowers5")), "split": split},
        **changes,
    }


def at_once(base: str, few: int | None, passes: int, seed: int) -> dict[str, Any]:
    """All weights from a base, or from random ones."""
    training = {**RATE, "epochs": passes, "seed": seed}
    return {"name": "flowers", **stage(few, seed, base=base, training=training)}


def whole(few: int | None, passes: int, seed: int) -> dict[str, Any]:
    return at_once("run:cifar10", few, passes, seed)


def scratch(few: int | None, passes: int, seed: int) -> dict[str, Any]:
    return at_once("new:resnet-small", few, passes, seed)


def in_stages(few: int | None, passes: int, seed: int) -> dict[str, Any]:
    head = max(1, round(passes * 2 / 5))
    frozen = stage(
        few, seed, name="frozen", base="run:cifar10",
        techniques=[{"kind": "freeze", "all_but_head": True}],
        training={**RATE, "learning_rate": 1e-2, "epochs": head, "seed": seed},
    )  # fmt: skip
    rest = stage(
        few, seed, name="whole", techniques=[{"kind": "discriminative", "decay": 0.85}],
        training={**RATE, "epochs": passes - head, "seed": seed},
    )  # fmt: skip
    return {"name": "flowers", "stages": [frozen, rest]}


WAYS = {"whole": whole, "in stages": in_stages, "scratch": scratch}


def measured(budget: str, runs_dir: Path) -> dict[str, Any]:
    """Every way on the same rows, for every seed."""
    found: dict[str, Any] = {}
    for name, recipe in WAYS.items():
        runs = [tune(recipe(*BUDGETS[budget], seed), runs_dir) for seed in SEEDS]
        metrics = ("accuracy", "precision_macro", "recall_macro", "f1_macro")
        figures = {metric: summary(runs, metric) for metric in metrics}
        found[name] = {**figures, "trained": [run["trained"] for run in runs]}
        print(budget, name, figures["accuracy"], found[name]["trained"], flush=True)
    return found


def main() -> None:
    """Pass a folder to keep runs in; what was pre-trained there is taken again."""
    result: dict[str, Any] = {"seeds": SEEDS, "budgets": BUDGETS}
    with tempfile.TemporaryDirectory() as folder:
        runs_dir = Path(sys.argv[1] if sys.argv[1:] else folder)
        figures = runs_dir / "pretraining.json"
        if not figures.is_file():
            write_json(figures, tune(pretraining(), runs_dir))
        result["pretraining"] = read_json(figures)
        print("pretraining", result["pretraining"], flush=True)
        result |= {budget: measured(budget, runs_dir) for budget in BUDGETS}
    # The recipes without the place of the data.
    recipes = {name: way(None, 3, 0) for name, way in WAYS.items()}
    result["recipes"] = {"pretraining": pretraining(), **recipes}
    keep("flowers", json.loads(json.dumps(result).replace(str(data_folder("")) + "/", "")))


if __name__ == "__main__":
    main()
