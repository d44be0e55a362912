"""Accuracy on SST-2 (Socher et al. 2013), all training rows, measured on the GLUE dev set.

No checkpoint is chosen: the last weights count. The data's own ``dev.tsv`` is a part of
the published training set, and so is trained on. Published for
MiniLM-L6-H384 (Wang et al. 2020): 0.913, best of several runs on the same dev set.
"""

from __future__ import annotations

import argparse
from typing import Any

from benchmarks.common import data_folder, keep, summary, tune


def recipe(seed: int) -> dict[str, Any]:
    folder = data_folder("sst2")
    return {
        "name": "sst2",
        "base": "minilm-l6",
        "task": {"kind": "classify", "max_length": 128},
        "data": {
            "train": [str(folder / "train.tsv"), str(folder / "dev.tsv")],
            "test": str(folder / "test.tsv"),
            "split": {"validation": 0.0},
        },
        "techniques": [{"kind": "discriminative", "decay": 0.9}],
        "training": {"epochs": 3, "batch_size": 32, "learning_rate": 1e-4, "seed": seed},
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seeds", type=int, default=3)
    seeds = range(arguments.parse_args().seeds)
    runs = []
    for seed in seeds:
        runs.append(tune(recipe(seed)))
        print(seed, runs[-1]["metrics"]["accuracy"], runs[-1]["seconds"], flush=True)
    about = recipe(0)
    about["data"] |= {"train": ["sst2/train.tsv", "sst2/dev.tsv"], "test": "sst2/test.tsv"}
    keep("sst2", {"recipe": about, "accuracy": summary(runs, "accuracy"), "runs": runs})


if __name__ == "__main__":
    main()
