"""One model for tags, entities and trees against a model for each, on English EWT.

Gold tokens of Universal Dependencies (Silveira et al. 2014) with the entities of UNER (Mayhew et
al. 2024); the treebank's own train, dev and test sentences, none dropped. Dev picks the weights,
test is measured once. ``--rows N`` trains on the first N sentences alone. Time is that of the
processor over a whole run, so that what else the machine does hardly counts.

The parser's loss, which is one of heads and one of relations, counts twice; that of the entities,
by far the smallest, is given more weight too.
"""

from __future__ import annotations

import argparse
import time
from statistics import mean
from typing import Any

from benchmarks.common import data_folder, keep, kept, tune

TASKS: dict[str, dict[str, Any]] = {
    "pos": {"kind": "tag", "tags": "upos"},
    "ner": {"kind": "tag", "tags": "ner"},
    "parse": {"kind": "parse"},
}
WAYS: dict[str, dict[str, Any]] = {
    "multi": {"kind": "multi", "tasks": TASKS, "weights": {"ner": 4, "parse": 2}},
    **TASKS,
}
FIGURES = {"pos": ("accuracy",), "ner": ("f1",), "parse": ("uas", "las")}
TOLD = {figure for figures in FIGURES.values() for figure in figures}
FOLDER = "ewt_multitask"


def recipe(task: dict[str, Any], rows: int | None, epochs: float, seed: int) -> dict[str, Any]:
    """The recipe of any of the models: they differ in the task alone."""
    part = f"[:{rows}]" if rows else ""
    return {
        "name": "ewt",
        "base": "minilm-l6",
        "task": task,
        "data": {
            "train": f"{FOLDER}/train.jsonl.gz{part}",
            "validation": f"{FOLDER}/dev.jsonl",
            "test": f"{FOLDER}/test.jsonl",
            "prepare": [],
        },
        "techniques": [{"kind": "discriminative", "decay": 0.8, "head": 3}],
        "training": {
            "epochs": epochs, "batch_size": 16, "learning_rate": 8e-4, "seed": seed,
            "schedule": {"kind": "linear", "warmup": 0.1},
        },
        "evaluation": {"resamples": 100},
    }  # fmt: skip


def measured(recipe: dict[str, Any]) -> dict[str, Any]:
    """A run on the data where it lies here."""
    folder = data_folder(FOLDER).parent
    data = recipe["data"]
    placed = {s: str(folder / data[s]) for s in ("train", "validation", "test")}
    before = time.process_time()
    done = tune({**recipe, "data": {**data, **placed}})
    return {
        "metrics": done["metrics"],
        "parameters": done["parameters"],
        "processor_seconds": round(time.process_time() - before, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, help="sentences to train on; default: all")
    parser.add_argument("--epochs", type=float, default=5)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=list(WAYS))
    asked = parser.parse_args()
    name = FOLDER if asked.rows is None else f"{FOLDER}_{asked.rows}"
    for seed in asked.seeds:
        for way in asked.ways:
            done = measured(recipe(WAYS[way], asked.rows, asked.epochs, seed))
            told = {f: v for f, v in done["metrics"].items() if f.split("/")[-1] in TOLD}
            print(way, seed, f"{done['processor_seconds']:.0f} s", told, flush=True)
            # Ways may be measured by several processes, one after the other or side by side.
            said = recipe(WAYS["multi"], asked.rows, asked.epochs, 0)
            before = kept(name)
            same = before.get("recipe") == said
            runs = (before["runs"] if same else {}) | {f"{way} {seed}": done}
            keep(name, {"recipe": said, "runs": runs, **together(runs)})


def together(runs: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """One model beside three, as far as both were measured, a value for each seed."""
    of = {way: [run for key, run in runs.items() if key.split()[0] == way] for way in WAYS}
    figures = {
        f"{task}/{name}": {
            "multi": [run["metrics"][f"{task}/{name}"] for run in of["multi"]],
            "single": [run["metrics"][name] for run in of[task]],
        }
        for task, names in FIGURES.items()
        for name in names
    }
    seconds = {way: [run["processor_seconds"] for run in found] for way, found in of.items()}
    result: dict[str, Any] = {"figures": figures, "processor_seconds": seconds}
    if all(seconds.values()):
        share = mean(seconds["multi"]) / sum(mean(seconds[task]) for task in TASKS)
        result["time_share"] = round(share, 3)
    return result


if __name__ == "__main__":
    main()
