"""One model for tags, entities and trees against a model for each, on English EWT.

Gold tokens of Universal Dependencies (Silveira et al. 2014) with the entities of UNER (Mayhew et
al. 2024); the treebank's own train, dev and test sentences, none dropped. Dev picks the weights,
test is measured once. ``--rows N`` trains on the first N sentences alone. Time is that of the
processor over a whole run, so that what else the machine does hardly counts.
"""

from __future__ import annotations

import argparse
import time
from statistics import mean
from typing import Any

from benchmarks.common import data_folder, keep, tune

TASKS: dict[str, dict[str, Any]] = {
    "pos": {"kind": "tag", "tags": "upos"},
    "ner": {"kind": "tag", "tags": "ner"},
    "parse": {"kind": "parse"},
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
            "profile": "none",
        },
        "techniques": [{"kind": "discriminative", "decay": 0.75, "head": 3}],
        "training": {
            "epochs": epochs, "batch_size": 32, "learning_rate": 5e-4, "seed": seed,
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
        "processor_seconds": time.process_time() - before,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, help="sentences to train on; default: all")
    parser.add_argument("--epochs", type=float, default=5)
    parser.add_argument("--seeds", type=int, default=1)
    asked = parser.parse_args()
    given = (asked.rows, asked.epochs)
    together = {"kind": "multi", "tasks": TASKS}
    runs: dict[str, list[dict[str, Any]]] = {}
    for seed in range(asked.seeds):
        for name, task in {"multi": together, **TASKS}.items():
            done = measured(recipe(task, *given, seed))
            runs.setdefault(name, []).append(done)
            told = {f: v for f, v in done["metrics"].items() if f.split("/")[-1] in TOLD}
            print(name, seed, f"{done['processor_seconds']:.0f} s", told, flush=True)
    table = {
        f"{name}/{figure}": {
            "multi": [run["metrics"][f"{name}/{figure}"] for run in runs["multi"]],
            "single": [run["metrics"][figure] for run in runs[name]],
        }
        for name, figures in FIGURES.items()
        for figure in figures
    }
    seconds = {name: mean(run["processor_seconds"] for run in done) for name, done in runs.items()}
    share = seconds["multi"] / sum(seconds[name] for name in TASKS)
    for name, values in table.items():
        print(name, *(f"{way} {mean(found):.4f}" for way, found in values.items()))
    print(f"processor time of the one model: {share:.2f} of the three")
    name = FOLDER if asked.rows is None else f"{FOLDER}_{asked.rows}"
    facts = {"recipe": recipe(together, *given, 0), "seeds": asked.seeds}
    keep(name, {**facts, "figures": table, "processor_seconds": seconds, "time_share": share})


if __name__ == "__main__":
    main()
