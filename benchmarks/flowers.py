"""Transfer to photos of flowers, from networks that this project pre-trained, against none.

A ResNet of 2.8 million weights is tuned to five flowers in the time of so many passes over four
fifths of 4,317 photos (3,446), or over 20 of each class:

- ``scratch``: from random weights;
- ``made-up, whole`` and ``cifar10, whole``: all weights at once, from the base ``luthier-resnet``,
  which has seen made-up kinds of things and no photo, or from 15,000 images of CIFAR-10
  (Krizhevsky 2009), on which the benchmark trains the same network first;
- ``made-up, head``: a head on the frozen body, which each photo goes through once;
- ``made-up, in stages``: that first, then all but the normalisations for the passes that are left,
  the deeper the faster.

The split and training take the same seed; no checkpoint is chosen: the last weights count. Random
weights and those that were trained have the rate that was best for each on other seeds
(``docs/experiments.md``). Seconds are those of training, with what the frozen body is asked
beforehand.

    python -m benchmarks.flowers [FOLDER] [--budgets BUDGET ...] [--ways WAY ...]

``FOLDER`` keeps runs; what was pre-trained there is taken again. Budgets and ways may be measured
by several calls: figures of others stay.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.common import data_folder, keep, kept, summary, tune
from luthier.core.files import read_json, write_json

SEEDS = (0, 1, 2)
NEW, MADE_UP, CIFAR = "new:resnet-medium", "luthier-resnet", "run:cifar10"

BUDGETS: dict[str, tuple[int | None, float]] = {
    "all, half a pass": (None, 0.5),
    "all, 1 pass": (None, 1),
    "all, 3 passes": (None, 3),
    "all, 10 passes": (None, 10),
    "few, 40 passes": (20, 40),
}
"""Rows of each class in train (None: all), and passes over them."""

HEAD_COSTS = 0.5
"""Passes of the whole network that the head on a frozen body takes the time of, at most."""

SHARED = {"batch_size": 64, "weight_decay": 0.05}
HEAD = {"learning_rate": 1e-2, "batch_size": 256, "weight_decay": 0.05, "epochs": 20}
METRICS = ("accuracy", "precision_macro", "recall_macro", "f1_macro")

Recipe = dict[str, Any]


def pretraining() -> Recipe:
    folder = data_folder("cifar10_images")
    return {
        "name": "cifar10",
        "base": NEW,
        "task": {"kind": "image", "augment": "standard"},
        "data": {
            "train": str(folder / "train.parquet"), "test": str(folder / "test.parquet"),
            "split": {"validation": 0.0},
        },
        "training": {**SHARED, "learning_rate": 2e-3, "epochs": 16},
    }  # fmt: skip


def stage(few: int | None, seed: int, augment: str, **more: Any) -> Recipe:
    split = {"validation": 0.0, "test": 0.2, "seed": seed, "few_shot": few}
    return {
        "task": {"kind": "image", "augment": augment},
        "data": {"train": str(data_folder("flowers5")), "split": split},
        **more,
    }


def at_once(base: str, rate: float, few: int | None, passes: float, seed: int) -> Recipe:
    """All weights, from a base or from random ones."""
    training = {**SHARED, "learning_rate": rate, "epochs": passes, "seed": seed}
    return {"name": "flowers", **stage(few, seed, "standard", base=base, training=training)}


def frozen(few: int | None, seed: int) -> Recipe:
    return stage(
        few, seed, "none", name="head", base=MADE_UP,
        techniques=[{"kind": "freeze", "all_but_head": True}], training={**HEAD, "seed": seed},
    )  # fmt: skip


def in_stages(few: int | None, passes: float, seed: int) -> Recipe:
    training = {**SHARED, "learning_rate": 1e-3, "epochs": passes - HEAD_COSTS, "seed": seed}
    rest = stage(
        few, seed, "standard", name="whole", training=training,
        techniques=[
            # The head was fitted to what the base's own statistics gave.
            {"kind": "freeze", "names": ["*.normalization.*"]},
            {"kind": "discriminative", "decay": 0.85},
        ],
    )  # fmt: skip
    return {"name": "flowers", "stages": [frozen(few, seed), rest]}


def ways(few: int | None, passes: float, seed: int) -> dict[str, Recipe]:
    """The recipe of each way for a budget."""
    given = (few, passes, seed)
    if passes > HEAD_COSTS:
        careful = {"made-up, in stages": in_stages(*given)}
    else:
        careful = {"made-up, head": {"name": "flowers", "stages": [frozen(few, seed)]}}
    rate = 1e-3 if few else 2e-3
    return {
        "scratch": at_once(NEW, 1e-3, *given),
        "cifar10, whole": at_once(CIFAR, rate, *given),
        "made-up, whole": at_once(MADE_UP, rate, *given),
        **careful,
    }


def measured(budget: str, way: str, runs_dir: Path) -> dict[str, Any]:
    """Figures of a way within a budget, over all seeds."""
    runs = [tune(ways(*BUDGETS[budget], seed)[way], runs_dir) for seed in SEEDS]
    figures = {metric: summary(runs, metric) for metric in METRICS}
    found = {**figures, "trained": [run["trained"] for run in runs]}
    print(budget, way, figures["accuracy"], found["trained"], flush=True)
    return found


def pretrained(runs_dir: Path) -> dict[str, Any]:
    """Figures of the network that learned CIFAR-10 in this folder; it is trained where it lacks."""
    figures = runs_dir / "pretraining.json"
    if not figures.is_file():
        write_json(figures, tune(pretraining(), runs_dir))
    return dict(read_json(figures))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="for runs")
    parser.add_argument("--budgets", nargs="+", default=list(BUDGETS), choices=list(BUDGETS))
    known = sorted({way for budget in BUDGETS.values() for way in ways(*budget, 0)})
    parser.add_argument("--ways", nargs="+", default=known, choices=known)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        runs_dir = asked.folder or Path(folder)
        base = pretrained(runs_dir)
        for budget in asked.budgets:
            for way, recipe in ways(*BUDGETS[budget], 0).items():
                if way in asked.ways:
                    found = measured(budget, way, runs_dir)
                    record(budget, way, {**found, "recipe": recipe}, base)


def record(budget: str, way: str, found: dict[str, Any], base: dict[str, Any]) -> None:
    """Add figures to those that are kept, without the place of the data."""
    figures = kept("flowers").get("figures", {})
    figures.setdefault(budget, {})[way] = found
    result = {
        "seeds": SEEDS, "pretraining": {**base, "recipe": pretraining()}, "figures": figures,
    }  # fmt: skip
    said = json.dumps(result).replace(str(data_folder("")) + "/", "")
    keep("flowers", json.loads(said))


if __name__ == "__main__":
    main()
